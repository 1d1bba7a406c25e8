// Guarded methods that override, call `super`, and are mixed in; compiled in both modes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFailfast, FailfastError } from "failfast";
import { manualClock } from "failfast/testing";

const clock = manualClock();
const failfast = createFailfast({ clock });
const shared = failfast("shared", 60, { threshold: 2 });

class Base {
  word = "base";

  @shared
  async read(fail = false): Promise<string> {
    if (fail) throw new Error("down");
    return this.word;
  }
  @failfast("static", 60)
  static async make(fail = false): Promise<string> {
    if (fail) throw new Error("down");
    return this.name;
  }
}

class Child extends Base {
  override word = "child";

  @shared
  override async read(fail = false): Promise<string> {
    return `guarded ${await super.read(fail)}`;
  }
}

class Plain extends Base {
  override async read(): Promise<string> {
    return "unguarded";
  }
}

test("an override and the method it calls, guarded by one circuit, each count, and one call closes it", async () => {
  assert.equal(await new Child().read(), "guarded child");
  await assert.rejects(new Child().read(true), /down/);
  await assert.rejects(new Child().read(), FailfastError);
  await clock.advance(61_000);
  assert.equal(await new Child().read(), "guarded child");
  assert.equal(shared.state, "closed");
});

test("an override without a decorator is not guarded", async () => {
  await failfast("shared").trip();
  assert.equal(await new Plain().read(), "unguarded");
});

test("an inherited static method keeps its this", async () => {
  assert.equal(await Child.make(), "Child");
  await assert.rejects(Base.make(true), /down/);
  await assert.rejects(Child.make(), FailfastError);
});
