// Decorators in either mode, on methods as people write them: overloads, `this` types, predicates, mixins, generic classes.
import { createFailfast, failfast } from "failfast";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => undefined;

const circuit = failfast("x", 60);
const own = createFailfast({ timeout: 30 });

interface Reads<T> {
  find(id: string): Promise<T | undefined>;
}

abstract class Base<T extends { id: string }> implements Reads<T> {
  protected readonly items = new Map<string, T>();

  @circuit
  async find(id: string): Promise<T | undefined> {
    return this.items.get(id);
  }

  @circuit
  async self(): Promise<this> {
    return this;
  }

  @circuit
  chain(): this {
    return this;
  }

  @circuit
  protected async load(): Promise<readonly T[]> {
    return [...this.items.values()];
  }

  @circuit
  private async hidden<K extends keyof T>(item: T, key: K): Promise<T[K]> {
    return item[key];
  }

  use(item: T): Promise<T["id"]> {
    return this.hidden(item, "id");
  }

  abstract save(item: T): Promise<void>;
}

class Invoices extends Base<{ id: string; total: number }> {
  @own("invoices")
  override async save(item: { id: string; total: number }): Promise<void> {
    this.items.set(item.id, item);
  }

  @own("invoices")
  override async find(id: string): Promise<{ id: string; total: number } | undefined> {
    return await super.find(id);
  }

  get(key: string): Promise<string>;
  get(key: number): Promise<number>;
  @circuit
  async get(key: string | number): Promise<string | number> {
    return key;
  }

  @circuit
  isText(value: unknown): value is string {
    return typeof value === "string";
  }

  @circuit
  async optional(first?: string, ...rest: [number?, boolean?]): Promise<number> {
    return rest.length + (first?.length ?? 0);
  }

  @circuit
  async pair<const T extends readonly string[]>(names: T): Promise<T> {
    return names;
  }

  @circuit
  later(done: (error: Error | null, value?: string) => void): void {
    done(null, "x");
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what a mixin takes
function withCount<B extends new (...args: any[]) => object>(base: B) {
  class Counted extends base {
    @circuit
    async count(): Promise<number> {
      return 1;
    }
  }
  return Counted;
}
class CountedInvoices extends withCount(Invoices) {}

const invoices = new CountedInvoices();
same<Invoices["find"], (id: string) => Promise<{ id: string; total: number } | undefined>>(true);
same<Invoices["pair"], <const T extends readonly string[]>(names: T) => Promise<T>>(true);
same<ReturnType<CountedInvoices["chain"]>, CountedInvoices>(true);
const text: Promise<string> = invoices.get("a");
const number: Promise<number> = invoices.get(1);
const counted: Promise<number> = invoices.count();
const self: Promise<CountedInvoices> = invoices.self();
// @ts-expect-error: none of its overloads takes a boolean
const neither = invoices.get(true);
void [text, number, counted, self, neither, invoices.isText(1)];

// Wrapped functions keep their overloads and predicates too.
declare function read(key: string): Promise<string>;
declare function read(key: number): Promise<number>;
const guarded = circuit(read);
same<typeof guarded, typeof read>(true);
