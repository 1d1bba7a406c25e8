import { expect, test } from "vitest";
import { manualClock } from "../testing/manual-clock.js";
import { answerOf, isThenable } from "./with-deadline.js";

const clock = { ...manualClock(), random: () => 0.5 };

test("a caller gets the answer, or the error", async () => {
  expect(await answerOf(clock, 100, () => 7)).toBe(7);
  expect(await answerOf(clock, 100, async () => 8)).toBe(8);
  await expect(answerOf(clock, 100, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
});

const THEN = "then";
const having = (then: unknown): object => Object.fromEntries([[THEN, then]]);

test.each([
  ["a promise", Promise.resolve(), true],
  ["an object with a then", having(() => undefined), true],
  [
    "a function with a then",
    Object.assign(
      () => undefined,
      having(() => undefined),
    ),
    true,
  ],
  ["a then that is no function", having(7), false],
  ["an object", {}, false],
  ["null", null, false],
  ["undefined", undefined, false],
  ["a string", "then", false],
])("%s is thenable: %s", (_, value, thenable) => {
  expect(isThenable(value)).toBe(thenable);
});

test("a value whose then can't be read is no promise", () => {
  const get = (): never => {
    throw new Error("hands off");
  };
  const hostile = new Proxy({}, { get });
  expect(isThenable(hostile)).toBe(false);
});
