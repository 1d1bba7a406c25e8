// A circuit above and below other decorators, compiled in both modes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFailfast, FailfastError } from "failfast";

const failfast = createFailfast();
let seen: string[] = [];

// biome-ignore lint/suspicious/noExplicitAny: a decorator of either kind
function logged(target: any, _key: any, descriptor?: any): any {
  const method = descriptor === undefined ? target : descriptor.value;
  const around = function (this: unknown, ...args: unknown[]): unknown {
    seen.push("logged");
    return method.apply(this, args);
  };
  return descriptor === undefined ? around : { ...descriptor, value: around };
}

class Api {
  readonly word = "word";

  @logged
  @failfast("below", 60)
  async below(fail = false): Promise<string> {
    seen.push("called");
    if (fail) throw new Error("down");
    return this.word;
  }

  @failfast("above", 60)
  @logged
  async above(fail = false): Promise<string> {
    seen.push("called");
    if (fail) throw new Error("down");
    return this.word;
  }

  @failfast("outer", 60)
  @failfast("inner", 60)
  async twice(fail = false): Promise<string> {
    if (fail) throw new Error("down");
    return this.word;
  }
}

function taken(): string[] {
  const all = seen;
  seen = [];
  return all;
}

test("a decorator above the circuit sees the calls it rejects", async () => {
  const api = new Api();
  assert.equal(await api.below(), "word");
  assert.deepEqual(taken(), ["logged", "called"]);
  await assert.rejects(api.below(true), /down/);
  taken();
  await assert.rejects(api.below(), FailfastError);
  assert.deepEqual(taken(), ["logged"]);
});

test("a decorator below the circuit does not see the calls it rejects", async () => {
  const api = new Api();
  assert.equal(await api.above(), "word");
  assert.deepEqual(taken(), ["logged", "called"]);
  await assert.rejects(api.above(true), /down/);
  taken();
  await assert.rejects(api.above(), FailfastError);
  assert.deepEqual(taken(), []);
});

test("of two circuits the outer one rejects first", async () => {
  const api = new Api();
  assert.equal(await api.twice(), "word");
  await assert.rejects(api.twice(true), /down/);
  await assert.rejects(api.twice(), (error) => error instanceof FailfastError && error.circuit === "outer");
  await failfast("outer").reset();
  await assert.rejects(api.twice(), (error) => error instanceof FailfastError && error.circuit === "inner");
});
