import { expect, test } from "vitest";
import { retryDelay } from "./retry.js";

test("a store that answers, even with an error, is asked again after 0.4 to 1.2 s", () => {
  expect(retryDelay(0, 0)).toBe(400);
  expect(retryDelay(0, 0.5)).toBe(800);
  expect(retryDelay(0, 1)).toBe(1_200);
});

test("each request that times out doubles the pause, up to 15 s", () => {
  expect([1, 2, 3, 4, 5, 50].map((timeouts) => retryDelay(timeouts, 0.5))).toEqual([
    1_600, 3_200, 6_400, 12_800, 15_000, 15_000,
  ]);
});
