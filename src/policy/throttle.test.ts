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

describe("while calls are held back", () => {
  const failing = (windowMs: number, failures: number): Throttle => {
    const throttle = new Throttle(windowMs);
    for (let n = 0; n < failures; n++) throttle.failed(0);
    return throttle;
  };

  test.each([
    [10_000, 5_000],
    [240_000, 10_000],
  ])("in a window of %d ms one is let through %d ms after a failure, and not sooner", (windowMs, afterMs) => {
    const throttle = failing(windowMs, 100);
    expect(throttle.holdsBack(afterMs - 1, 0)).toBe(true);
    expect(throttle.holdsBack(afterMs, 0)).toBe(false);
    expect(throttle.holdsBack(afterMs, 0)).toBe(true);
  });

  test("one is let through a 24th of the window after a call that was accepted", () => {
    const throttle = failing(48_000, 100);
    throttle.accepted(1_000);
    expect(throttle.holdsBack(2_999, 0)).toBe(true);
    expect(throttle.holdsBack(3_000, 0)).toBe(false);
  });

  test("one that chance lets through counts as let through", () => {
    const throttle = failing(10_000, 100);
    expect(throttle.holdsBack(4_000, 0.999)).toBe(false);
    expect(throttle.holdsBack(8_999, 0)).toBe(true);
    expect(throttle.holdsBack(9_000, 0)).toBe(false);
  });

  test("none is if the formula holds nothing back", () => {
    const throttle = failing(48_000, 2);
    throttle.accepted(1_000);
    expect(throttle.probability(1_000)).toBeGreaterThan(0);
    throttle.accepted(1_100);
    expect(throttle.probability(1_100)).toBe(0);
    expect(throttle.holdsBack(1_100, 0)).toBe(false);
    throttle.failed(1_200);
    expect(throttle.holdsBack(1_300, 0)).toBe(true);
  });

  test("the surplus is halved once all calls of a 24th of the window were accepted, and again after as long", () => {
    const throttle = failing(240_000, 100);
    for (const at of [1_000, 10_999]) throttle.accepted(at);
    expect(throttle.probability(10_999)).toBeCloseTo(98 / 103, 10);
    throttle.accepted(11_000);
    expect(throttle.probability(11_000)).toBeCloseTo(48.5 / 55.5, 10);
    throttle.accepted(20_999);
    expect(throttle.probability(20_999)).toBeCloseTo(47.5 / 56.5, 10);
    throttle.accepted(21_000);
    expect(throttle.probability(21_000)).toBeCloseTo(((56.5 + 10) / 2 - 10) / ((56.5 + 10) / 2 + 1), 10);
  });

  test("a failure in between begins that time anew", () => {
    const throttle = failing(240_000, 100);
    throttle.accepted(1_000);
    throttle.failed(5_000);
    throttle.accepted(11_500);
    expect(throttle.probability(11_500)).toBeCloseTo((103 - 4) / 104, 10);
  });

  test("the part of the window in which all were accepted stays as it is", () => {
    const throttle = failing(240_000, 100);
    for (const at of [24_000, 34_000]) throttle.accepted(at);
    expect(throttle.probability(34_000)).toBeCloseTo((50 + 2 - 4) / 53, 10);
  });
});
