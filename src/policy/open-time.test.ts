import { describe, expect, test } from "vitest";
import { forgetsBackoff, longestOpenTime, openTime } from "./open-time.js";
import { settingsWith } from "./settings.fixture.js";

const never = (): number => {
  throw new Error("nothing is left to chance here");
};

describe("the open time", () => {
  test("after a trip is the circuit's own, whatever the back-off", () => {
    const settings = settingsWith({ openMs: 10, backoffFactor: 2, backoffMax: 5, backoffJitter: 0.5 });
    expect(openTime(settings, 0, undefined, never)).toBe(10);
  });

  test("grows with each failed probe, up to the maximum", () => {
    const settings = settingsWith({ openMs: 10, backoffFactor: 2, backoffMax: 70 });
    expect([1, 2, 3, 4].map((reopens) => openTime(settings, reopens, undefined, never))).toEqual([
      20, 40, 70, 70,
    ]);
  });

  test("is only shortened by jitter, by its share at most", () => {
    const settings = settingsWith({ openMs: 10, backoffFactor: 2, backoffMax: 100, backoffJitter: 0.5 });
    expect([0, 0.5, 1].map((chance) => openTime(settings, 1, undefined, () => chance))).toEqual([20, 15, 10]);
  });

  test("is what the backend asks for, within the limits", () => {
    const settings = settingsWith({ openMs: 10, retryAfterMin: 5, retryAfterMax: 50 });
    expect([1, 5, 20, 50, 900].map((asked) => openTime(settings, 3, asked, never))).toEqual([
      5, 5, 20, 50, 50,
    ]);
  });

  test("is the circuit's own, even outside of the limits, if the backend asks for nothing", () => {
    expect(
      openTime(settingsWith({ openMs: 10, retryAfterMin: 20, retryAfterMax: 50 }), 0, undefined, never),
    ).toBe(10);
  });

  test("is the circuit's own if retryAfter is off", () => {
    expect(openTime(settingsWith({ openMs: 10, retryAfterMax: 0 }), 0, 20, never)).toBe(10);
  });

  test("has an upper bound: the longest of all three", () => {
    expect(longestOpenTime(settingsWith({ openMs: 3, backoffMax: 2, retryAfterMax: 1 }))).toBe(3);
    expect(longestOpenTime(settingsWith({ openMs: 1, backoffMax: 3, retryAfterMax: 2 }))).toBe(3);
    expect(longestOpenTime(settingsWith({ openMs: 1, backoffMax: 2, retryAfterMax: 3 }))).toBe(3);
  });
});

describe("the back-off starts again", () => {
  const GROWING = { openMs: 10, backoffFactor: 2, backoffMax: 1_000, backoffJitter: 0.5 };

  test("always, if nothing has grown", () => {
    expect(forgetsBackoff(settingsWith(GROWING), 0, 0)).toBe(true);
  });

  test("once the circuit has been closed as long as it was last open, without jitter", () => {
    const settings = settingsWith(GROWING);
    expect([9, 10].map((closedForMs) => forgetsBackoff(settings, 1, closedForMs))).toEqual([false, true]);
    expect([39, 40].map((closedForMs) => forgetsBackoff(settings, 3, closedForMs))).toEqual([false, true]);
  });

  test("after the time that forget sets, longer or shorter", () => {
    for (const backoffForget of [7, 700]) {
      const settings = settingsWith({ ...GROWING, backoffForget });
      expect(forgetsBackoff(settings, 3, backoffForget - 1)).toBe(false);
      expect(forgetsBackoff(settings, 3, backoffForget)).toBe(true);
    }
  });
});
