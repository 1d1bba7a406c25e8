import { expect, test } from "vitest";
import { NEITHER_MOST, othersTurnMs } from "./others-turn.js";

test("the turn of others is 0 for eight probes without an outcome, then doubles up to sixteen lease waits", () => {
  const turns = [0, 7, 8, 9, NEITHER_MOST].map((neither) => othersTurnMs(neither, 100, 60_000, 1));
  expect(turns).toEqual([0, 0, 100, 200, 1_600]);
});

test("the turn of others is at most the open time, and a random number shortens it by up to half", () => {
  expect(othersTurnMs(NEITHER_MOST, 250, 1_000, 1)).toBe(1_000);
  expect(othersTurnMs(NEITHER_MOST, 250, 1_000, 0)).toBe(500);
});
