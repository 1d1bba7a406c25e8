import { describe, expect, test } from "vitest";
import { Throttle } from "./throttle.js";

/** After so many calls, of which so many were accepted. */
function throttled(requests: number, accepts: number): Throttle {
  const throttle = new Throttle(10_000);
  for (let call = 0; call < requests; call++) throttle.holdsBack(0, 1);
  for (let call = 0; call < accepts; call++) throttle.accepted(0);
  return throttle;
}

describe("client-side throttling: max(0, (requests - 2 accepts) / (requests + 1))", () => {
  test.each([
    [0, 0, 0],
    [10, 10, 0],
    [10, 5, 0],
    [10, 4, 2 / 11],
    [10, 0, 10 / 11],
    [99, 0, 0.99],
  ])("%i asked for, %i accepted: %f are held back", (requests, accepts, probability) => {
    expect(throttled(requests, accepts).probability(0)).toBeCloseTo(probability, 10);
  });

  test("a call is held back by chance, and counts as asked for either way", () => {
    const throttle = throttled(10, 0);
    expect(throttle.holdsBack(0, 10 / 11)).toBe(false);
    expect(throttle.probability(0)).toBeCloseTo(11 / 12, 10);
    expect(throttle.holdsBack(0, 0.9)).toBe(true);
    expect(throttle.probability(0)).toBeCloseTo(12 / 13, 10);
  });

  test("with nothing refused none is held back, whatever chance says", () => {
    expect(throttled(0, 0).holdsBack(0, 0)).toBe(false);
  });

  test("what is older than the window is forgotten", () => {
    expect(throttled(10, 0).probability(10_000)).toBe(0);
  });
});
