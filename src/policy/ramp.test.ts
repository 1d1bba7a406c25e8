import { expect, test } from "vitest";
import { admittedShare } from "./ramp.js";

test.each([
  [0, 0.1],
  [500, 0.55],
  [1_000, 1],
  [2_000, 1],
  [-500, 0.1],
])("%i ms after closing, with rampUp of a second: %f of the calls", (since, share) => {
  expect(admittedShare(since, 1_000)).toBeCloseTo(share, 10);
});

test("without rampUp all calls are admitted at once", () => {
  expect(admittedShare(0, 0)).toBe(1);
});
