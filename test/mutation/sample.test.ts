import { expect, test } from "vitest";
import { Signal, stepsThereAndBack } from "./sample.js";
import { sum } from "./sum.js";

test.each([
  [3, 6],
  [5, 10],
])("a way of %i and back takes %i steps", (way, steps) => {
  expect(stepsThereAndBack(way)).toBe(steps);
});

test("a signal comes once it is told", async () => {
  const signal = new Signal();
  signal.tell();
  await signal.came;
});

test("a sum", () => {
  expect(sum(2, 3)).toBe(5);
});
