// Private methods, which only standard decorators can decorate.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFailfast, FailfastError } from "failfast";

const failfast = createFailfast();

class Secret {
  readonly word = "read";

  @failfast("secret", 60)
  async #read(fail: boolean): Promise<string> {
    if (fail) throw new Error("down");
    return this.word;
  }

  @failfast("static secret", 60)
  static #count(fail: boolean): number {
    if (fail) throw new Error("down");
    return 1;
  }

  read(fail = false): Promise<string> {
    return this.#read(fail);
  }

  static count(fail = false): number {
    return Secret.#count(fail);
  }
}

test("a private method is guarded, and keeps its this", async () => {
  const secret = new Secret();
  assert.equal(await secret.read(), "read");
  await assert.rejects(secret.read(true), /down/);
  await assert.rejects(secret.read(), FailfastError);
});

test("a private static method is guarded", () => {
  assert.equal(Secret.count(), 1);
  assert.throws(() => Secret.count(true), /down/);
  assert.throws(() => Secret.count(), FailfastError);
});
