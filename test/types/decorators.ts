// Decorators in either mode: methods keep their types, and nothing else can be decorated.
import { type CircuitDecorator, type Circuits, failfast } from "failfast";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => undefined;

const circuit = failfast("x", 60);
const byHost = failfast((host: string) => `api:${host}`, 60);

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

  @failfast("y", "30s")
  async kept<T>(value: T): Promise<T> {
    return value;
  }

  @circuit
  rest(first: string, ...others: readonly number[]): number {
    return first.length + others.length;
  }

  @byHost
  async visit(host: string): Promise<string> {
    return host;
  }

  @circuit
  bound(this: Api, n: number): number {
    return this.sync(n);
  }

  // @ts-expect-error: a getter can't be guarded
  @circuit
  get total(): number {
    return 1;
  }

  // @ts-expect-error: a field can't be guarded
  @circuit
  field = 1;

  // @ts-expect-error: nor a setter
  @circuit
  set limit(_: number) {}

  // @ts-expect-error: nor a field that holds a function
  @circuit
  arrow = async (): Promise<number> => 1;

  // @ts-expect-error: nor an accessor
  @circuit
  accessor counted = 1;

  // @ts-expect-error: nor a field by a circuit for each name
  @byHost
  host = "a";
}

// @ts-expect-error: a class can't be guarded
@circuit
class Whole {}

same<Api["get"], (id: number) => Promise<string>>(true);
same<Api["sync"], (id: number) => number>(true);
same<Api["kept"], <T>(value: T) => Promise<T>>(true);
same<Api["rest"], (first: string, ...others: readonly number[]) => number>(true);
same<Api["bound"], (this: Api, n: number) => number>(true);
// @ts-expect-error: the arguments are checked
const refused: Promise<string> = new Api().get("1");
const text: Promise<string> = new Api().get(1);
const ids: Promise<number[]> = Api.all(1, 2);
void [refused, text, ids, Whole];

const lenient = failfast("x", 60, { fallback: () => null });
const byThis = failfast(function (this: { host: string }, path: string) {
  return `api:${this.host}${path}`;
}, 60);

class Client {
  host = "a";

  @lenient
  async mayBeNull(id: number): Promise<string | null> {
    return String(id);
  }

  // @ts-expect-error: the fallback gives null, and the method says it never does
  @lenient
  async neverNull(id: number): Promise<string> {
    return String(id);
  }

  @byThis
  async get(path: string): Promise<string> {
    return this.host + path;
  }
}

class Hostless {
  // @ts-expect-error: it has no host to be named by
  @byThis
  async get(path: string): Promise<string> {
    return path;
  }
}
void [Client, Hostless];

class ByHost {
  @byHost
  async more(host: "a" | "b", n: number): Promise<string> {
    return host + n;
  }

  @byHost
  async generic<T extends string>(host: T, ...rest: number[]): Promise<T[]> {
    return rest.map(() => host);
  }

  // @ts-expect-error: the circuit is named by a text, and this is a number
  @byHost
  async wrong(id: number): Promise<number> {
    return id;
  }

  // @ts-expect-error: nothing to be named by
  @byHost
  async none(): Promise<number> {
    return 1;
  }

  // @ts-expect-error: it may be left out
  @byHost
  async optional(host?: string): Promise<string | undefined> {
    return host;
  }

  // @ts-expect-error: a static method, named by what is not always a text
  @byHost
  static wide(host: string | number): number {
    return Number(host);
  }
}
same<ByHost["more"], (host: "a" | "b", n: number) => Promise<string>>(true);
same<ByHost["generic"], <T extends string>(host: T, ...rest: number[]) => Promise<T[]>>(true);

const wrapped = byHost(async (host: string, n: number) => host.repeat(n));
same<typeof wrapped, (host: string, n: number) => Promise<string>>(true);
// @ts-expect-error: so it is with a function
byHost((id: number) => id);
// @ts-expect-error: that is given nothing
byHost(() => 1);

const any: Circuits = byHost;
const decorator: CircuitDecorator = byHost;
void [ByHost, any, decorator];
