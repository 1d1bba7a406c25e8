// The metadata that emitDecoratorMetadata writes beside a legacy decorator.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFailfast } from "failfast";
import "reflect-metadata";

const failfast = createFailfast();

class Api {
  @failfast("x", 60)
  async get(_id: number, _name: string): Promise<string> {
    return "";
  }
}

test("the emitted types of a guarded method are those of the original", () => {
  assert.deepEqual(Reflect.getMetadata("design:paramtypes", Api.prototype, "get"), [Number, String]);
  assert.equal(Reflect.getMetadata("design:returntype", Api.prototype, "get"), Promise);
  assert.equal(Reflect.getMetadata("design:type", Api.prototype, "get"), Function);
});
