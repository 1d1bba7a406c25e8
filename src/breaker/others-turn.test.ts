import { expect, test } from "vitest";
import { othersTurnMs } from "./others-turn.js";

test("eight probes that say nothing cost no turn; then turns double up to sixteen waits for a lease", () => {
  const turns = [0, 7, 8, 9, 12, 13, 2_000].map((neither) => othersTurnMs(neither, 100, 60_000, 1));
  expect(turns).toEqual([0, 0, 100, 200, 1_600, 1_600, 1_600]);
});

test("a turn is no longer than the open time, and chance takes up to half of it", () => {
  expect(othersTurnMs(20, 250, 1_000, 1)).toBe(1_000);
  expect(othersTurnMs(20, 250, 1_000, 0)).toBe(500);
});
