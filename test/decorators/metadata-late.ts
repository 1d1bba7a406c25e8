// reflect-metadata is loaded after the class is made; compiled in both modes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFailfast, FailfastError } from "failfast";

const failfast = createFailfast();

class Api {
  @failfast("x", 60)
  async get(fail = false): Promise<number> {
    if (fail) throw new Error("down");
    return 1;
  }
}

test("a method is guarded without reflect-metadata, and can get metadata once it is loaded", async () => {
  assert.equal("defineMetadata" in Reflect, false);
  assert.equal(await new Api().get(), 1);
  await import("reflect-metadata");
  Reflect.defineMetadata("tag", "late", Api.prototype.get);
  assert.equal(Reflect.getOwnMetadata("tag", Api.prototype.get), "late");
  await assert.rejects(new Api().get(true), /down/);
  await assert.rejects(new Api().get(), FailfastError);
});
