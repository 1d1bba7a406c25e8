// Runs in a project that has failfast installed twice, and another version of it: what the copies in a process share.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import * as first from "failfast";
import * as copy from "failfast-copy";
import * as newer from "failfast-newer";

const commonJs = createRequire(import.meta.url)("failfast");
assert.notEqual(commonJs.createFailfast, first.createFailfast, "the CommonJS build is code of its own");

// Options set through one copy apply to circuits of another.
commonJs.failfast.configure({ timeout: 30 });
const salesApi = first.failfast("sales_api");
const heard = [];
copy.failfast.on("open", ({ circuit }) => heard.push(circuit));

// A circuit that opens in one copy is open in the others, and each copy's classes recognise the errors of all.
const down = new Error("down");
await assert.rejects(
  salesApi.run(() => {
    throw down;
  }),
  down,
);
for (const each of [first, copy, commonJs]) {
  assert.equal(each.failfast("sales_api").state, "open");
  const error = await each
    .failfast("sales_api")
    .run(() => 1)
    .catch((reason) => reason);
  assert.ok(error.retryAfter > 20 && error.retryAfter <= 30);
  for (const known of [first, copy, commonJs, newer]) {
    assert.ok(error instanceof known.FailfastError);
    assert.ok(known.isFailfastError(error));
    assert.ok(new each.TimeoutError() instanceof known.TimeoutError);
    assert.ok(!(down instanceof known.FailfastError) && !(error instanceof known.TimeoutError));
  }
}
assert.deepEqual(heard, ["sales_api"]);

// A list of classes may come from another copy than the circuit. It stands for time-outs of every kind.
const slow = first.failfast("slow_api", 60, { exceptions: [commonJs.TimeoutError] });
await assert.rejects(
  slow.run(() => {
    throw new DOMException("late", "TimeoutError");
  }),
);
assert.equal(copy.failfast("slow_api").state, "open");

// A subclass differs from its class.
class Special extends commonJs.FailfastError {}
const plain = new first.FailfastError({ circuit: "x", state: "open", retryAfterMs: 1 });
assert.ok(!(plain instanceof Special));
assert.ok(new Special({ circuit: "x", state: "open", retryAfterMs: 1 }) instanceof first.FailfastError);

// Two versions share nothing but the recognition of their errors.
assert.notEqual(newer.failfast, first.failfast);
assert.equal(newer.failfast("sales_api", 5).state, "closed");
console.log("copies share, versions do not");
