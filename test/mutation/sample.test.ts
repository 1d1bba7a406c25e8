import { expect, test } from "vitest";
import { countTo, Signal } from "./sample.js";
import { sum } from "./sum.js";

test.each([1, 3])("counts to %i", (end) => {
  expect(countTo(end)).toBe(end);
});

test("a signal comes once it is told", async () => {
  const signal = new Signal();
  signal.tell();
  await signal.came;
});

test("a sum", () => {
  expect(sum(2, 3)).toBe(5);
});
