// reflect-metadata is loaded before the class is made; compiled in both modes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFailfast } from "failfast";
import "reflect-metadata";

const failfast = createFailfast();

function tag(text: string) {
  // biome-ignore lint/suspicious/noExplicitAny: a decorator of either kind
  return (target: any, _key: any, descriptor?: any): void =>
    Reflect.defineMetadata("tag", text, descriptor === undefined ? target : descriptor.value);
}

class Api {
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

  @tag("outer")
  @failfast("between", 60)
  @tag("inner")
  async between(): Promise<number> {
    return 1;
  }

  @failfast((host: string) => host, 60)
  @tag("by name")
  async named(host: string): Promise<string> {
    return host;
  }
}

const tagOf = (method: object): unknown => Reflect.getOwnMetadata("tag", method);

test("a guarded method has the original's metadata, whichever decorator comes first", async () => {
  assert.equal(tagOf(Api.prototype.above), "above");
  assert.equal(tagOf(Api.prototype.below), "below");
  assert.equal(tagOf(Api.prototype.between), "outer");
  assert.equal(tagOf(Api.prototype.named), "by name");
  assert.equal(await new Api().below(), 1);
});
