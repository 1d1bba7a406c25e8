import { expect, test } from "vitest";
import { slotOf } from "./slot.js";

// What CLUSTER KEYSLOT of Redis 7 answers.
test.each([
  ["123456789", 12_739],
  ["foo", 12_182],
  ["{failfast}:circuit:a", 12_812],
  ["app:{eu}:a", 6_893],
  ["{}x", 10_595],
  ["é", 10_180],
  ["", 0],
])("the slot of %j is %i", (key, slot) => {
  expect(slotOf(key)).toBe(slot);
});
