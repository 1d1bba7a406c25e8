import { describe, expect, test } from "vitest";
import { Throttle } from "./throttle.js";

/** A throttle after so many calls, of which so many were accepted. */
function throttled(requests: number, accepts: number): Throttle {
  const throttle = new Throttle(10_000);
  for (let call = 0; call < accepts; call++) throttle.accepted(0);
  for (let call = accepts; call < requests; call++) throttle.failed(0);
  return throttle;
}

describe("throttling rejects the share max(0, (requests - 2 accepts) / (requests + 1))", () => {
  test.each([
    [0, 0, 0],
    [10, 10, 0],
    [10, 5, 0],
    [10, 4, 2 / 11],
    [10, 0, 10 / 11],
    [99, 0, 0.99],
  ])("%i requests, %i accepted: %f are held back", (requests, accepts, probability) => {
    expect(throttled(requests, accepts).probability(0)).toBeCloseTo(probability, 10);
  });

  test("a call that is held back at random counts as a request", () => {
    const throttle = throttled(10, 0);
    expect(throttle.holdsBack(0, 10 / 11)).toBe(false);
    expect(throttle.probability(0)).toBeCloseTo(10 / 11, 10);
    expect(throttle.holdsBack(0, 0.9)).toBe(true);
    expect(throttle.probability(0)).toBeCloseTo(11 / 12, 10);
  });

  test("a call that is let through counts only when it has ended", () => {
    const throttle = throttled(10, 5);
    for (let call = 0; call < 100; call++) expect(throttle.holdsBack(0, 0)).toBe(false);
    throttle.failed(0);
    expect(throttle.probability(0)).toBeCloseTo(1 / 12, 10);
    throttle.accepted(0);
    expect(throttle.probability(0)).toBe(0);
  });

  test("no call is held back if none was refused, whatever the random number", () => {
    expect(throttled(0, 0).holdsBack(0, 0)).toBe(false);
  });

  test("requests older than the window are forgotten, slice by slice", () => {
    const throttle = throttled(4, 0);
    throttle.failed(1_000);
    throttle.failed(2_500);
    expect([9_999, 10_000, 11_000, 12_000].map((now) => throttle.probability(now))).toEqual([
      6 / 7,
      2 / 3,
      1 / 2,
      0,
    ]);
    expect(throttle.probability(1e12)).toBe(0);
  });

  test("a clock that is set back, or that counts from below zero, changes nothing", () => {
    const throttle = new Throttle(10_000);
    throttle.failed(-5_000);
    throttle.failed(5_000 - 1);
    expect(throttle.probability(-5_000)).toBeCloseTo(2 / 3, 10);
    throttle.failed(-5_000);
    expect(throttle.probability(4_999)).toBeCloseTo(3 / 4, 10);
  });
});
