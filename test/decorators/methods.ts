// How a guarded method behaves, compiled in both modes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFailfast, FailfastError } from "failfast";

const failfast = createFailfast();
const sales = failfast("sales", 60);
const hidden: unique symbol = Symbol("hidden");

class Sales {
  readonly rate: number;
  static calls = 0;
  calls = 0;

  constructor(rate = 2) {
    this.rate = rate;
  }

  @sales
  async invoices(customer: string, _limit?: number): Promise<string> {
    this.calls++;
    if (customer === "bad") throw new Error("down");
    return `${customer} ${this.rate}`;
  }

  @failfast("double", 60)
  double(n: number): number {
    if (n < 0) throw new RangeError("negative");
    return n * this.rate;
  }

  @failfast("generic", 60)
  async same<T>(value: T, ...more: T[]): Promise<T[]> {
    return [value, ...more];
  }

  @failfast("symbol", 60)
  async [hidden](): Promise<number> {
    return this.rate;
  }

  @failfast("static", 60)
  static async count(fail = false): Promise<number> {
    if (fail) throw new Error("down");
    return ++Sales.calls;
  }

  @failfast((host: string) => `host:${host}`, 60)
  async visit(host: string): Promise<string> {
    if (host === "down") throw new Error("down");
    return `${host} ${this.rate}`;
  }

  @failfast("fallback", 60, { fallback: (error, customer: string) => `${error.circuit} ${customer}` })
  async cached(customer: string): Promise<string> {
    if (customer === "bad") throw new Error("down");
    return customer;
  }
}

class Discount extends Sales {
  override async invoices(customer: string): Promise<string> {
    return `discount ${await super.invoices(customer)}`;
  }
}

test("a method keeps its this, arguments, name and length", async () => {
  const [two, three] = [new Sales(), new Sales(3)];
  assert.equal(await two.invoices("ann"), "ann 2");
  assert.equal(await three.invoices("ann"), "ann 3");
  assert.deepEqual(await two.same("a", "b", "c"), ["a", "b", "c"]);
  assert.equal(await two[hidden](), 2);
  assert.equal(two.invoices.name, "invoices");
  assert.equal(two.invoices.length, 2);
  assert.equal(await new Discount(4).invoices("ann"), "discount ann 4");
});

test("a method stays on the prototype", () => {
  const property = Object.getOwnPropertyDescriptor(Sales.prototype, "invoices");
  assert.equal(property?.enumerable, false);
  assert.equal(property?.writable, true);
  assert.equal(property?.configurable, true);
  assert.equal(Object.hasOwn(new Sales(), "invoices"), false);
});

test("a failure of one instance opens the circuit for all of them, and no call is made", async () => {
  const [failing, other] = [new Sales(), new Sales()];
  await assert.rejects(failing.invoices("bad"), /^Error: down$/);
  assert.equal(sales.state, "open");
  await assert.rejects(other.invoices("ann"), FailfastError);
  assert.equal(other.calls, 0);
});

test("a sync method returns its value, or throws", () => {
  const api = new Sales();
  assert.equal(api.double(4), 8);
  assert.throws(() => api.double(-1), RangeError);
  assert.throws(() => api.double(4), FailfastError);
});

test("a static method is guarded", async () => {
  assert.equal(await Sales.count(), 1);
  await assert.rejects(Sales.count(true), /down/);
  await assert.rejects(Sales.count(), FailfastError);
  assert.equal(Sales.calls, 1);
});

test("a method is guarded by the circuit that its arguments name", async () => {
  const api = new Sales();
  await assert.rejects(api.visit("down"), /down/);
  await assert.rejects(api.visit("down"), FailfastError);
  assert.equal(await api.visit("up"), "up 2");
});

test("a fallback answers instead of a rejected method", async () => {
  const api = new Sales();
  await assert.rejects(api.cached("bad"), /down/);
  assert.equal(await api.cached("ann"), "fallback ann");
});
