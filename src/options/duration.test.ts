import { describe, expect, test } from "vitest";
import { milliseconds } from "./duration.js";

describe("a duration", () => {
  test.each([
    [60, 60_000],
    [0.25, 250],
    [3_600, 3_600_000],
    ["250ms", 250],
    ["30s", 30_000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
  ])("%j is %d ms", (given, ms) => {
    expect(milliseconds("timeout", given)).toBe(ms);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, "0s", "400d"])("%j is out of range", (given) => {
    expect(() => milliseconds("timeout", given)).toThrow(RangeError);
    expect(() => milliseconds("timeout", given)).toThrow(/^timeout is /);
  });

  test("of more than 3600 as a number asks whether milliseconds were meant, and shows how to write them", () => {
    expect(() => milliseconds("timeout", 30_000)).toThrow(/were milliseconds meant\? Write "30000ms"/);
  });

  test.each(["60", "1 s", "s", "", null, undefined, {}, true])("%j is invalid", (given) => {
    expect(() => milliseconds("timeout", given)).toThrow(TypeError);
  });
});
