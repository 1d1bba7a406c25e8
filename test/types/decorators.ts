// Decorators in either mode: methods keep their types, and nothing else can be decorated.
import { failfast } from "failfast";

const circuit = failfast("x", 60);

class Api {
  @circuit
  async get(id: number): Promise<string> {
    return String(id);
  }

  @circuit
  sync(id: number): number {
    return id;
  }

  @circuit
  static async all<T>(...ids: T[]): Promise<T[]> {
    return ids;
  }

  // @ts-expect-error: a getter can't be guarded
  @circuit
  get total(): number {
    return 1;
  }

  // @ts-expect-error: a field can't be guarded
  @circuit
  field = 1;
}

// @ts-expect-error: a class can't be guarded
@circuit
class Whole {}

const text: Promise<string> = new Api().get(1);
const ids: Promise<number[]> = Api.all(1, 2);
void [text, ids, Whole];
