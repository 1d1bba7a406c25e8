// Compiled in both modes, standard and legacy, and run by run.mjs.
import assert from "node:assert/strict";
import { createFailfast, FailfastError } from "failfast";

const failfast = createFailfast();
const sales = failfast("sales", 60);

// biome-ignore lint/suspicious/noExplicitAny: a decorator of either kind
function tag(text: string): (target: any, key: any, descriptor?: any) => void {
  return (target, _key, descriptor) => {
    const method: object = descriptor === undefined ? target : descriptor.value;
    const { defineMetadata } = Reflect as {
      defineMetadata?(key: string, value: string, target: object): void;
    };
    defineMetadata?.("tag", text, method);
  };
}

class Sales {
  readonly rate = 2;
  static calls = 0;

  @sales
  async invoices(customer: string): Promise<string> {
    if (customer === "bad") throw new Error("down");
    return `${customer} ${this.rate}`;
  }

  @failfast("double", 60)
  double(n: number): number {
    return n * this.rate;
  }

  @failfast("generic", 60)
  async same<T>(value: T, ...more: T[]): Promise<T[]> {
    return [value, ...more];
  }

  @failfast("static", 60)
  static async count(): Promise<number> {
    return ++Sales.calls;
  }

  @failfast((host: string) => `host:${host}`, 60)
  async visit(host: string): Promise<string> {
    if (host === "down") throw new Error("down");
    return host;
  }

  @tag("above")
  @failfast("above", 60)
  async above(): Promise<number> {
    return 1;
  }

  @failfast("below", 60)
  @tag("below")
  async below(): Promise<number> {
    return 1;
  }
}

const api = new Sales();
const text: string = await api.invoices("ann");
assert.equal(text, "ann 2");
assert.equal(api.double(4), 8);
const list: string[] = await api.same("a", "b");
assert.deepEqual(list, ["a", "b"]);
assert.equal(await Sales.count(), 1);
assert.equal(api.invoices.name, "invoices");
assert.equal(api.invoices.length, 1);
await assert.rejects(api.invoices("bad"), /down/);
await assert.rejects(api.invoices("ann"), FailfastError);
await assert.rejects(api.visit("down"), /down/);
await assert.rejects(api.visit("down"), FailfastError);
assert.equal(await api.visit("up"), "up");
const { getOwnMetadata } = Reflect as { getOwnMetadata?(key: string, target: object): unknown };
if (getOwnMetadata !== undefined) {
  assert.equal(getOwnMetadata("tag", api.above), "above");
  assert.equal(getOwnMetadata("tag", api.below), "below");
}

// What can't be guarded is refused in types, and at run time too.
const anything = failfast("anything", 60) as unknown as (...args: unknown[]) => unknown;
for (const kind of ["getter", "setter", "field", "accessor", "class"]) {
  assert.throws(() => anything(() => 1, { kind, name: "x" }), TypeError);
}
assert.throws(() => anything({}, "x", { get: () => 1 }), /getter/);
assert.throws(() => anything({}, "x", { value: 1 }), /field/);
assert.throws(() => anything({}, "x", undefined), /field/);
assert.throws(() => anything({}, "x", { value: function* () {} }), /generator/);
assert.throws(() => anything(class {}), /class/);
