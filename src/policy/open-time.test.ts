import { describe, expect, test } from "vitest";
import { forgetsBackoff, longestOpenTime, openTime } from "./open-time.js";
import { settingsWith } from "./settings.fixture.js";

const never = (): number => {
  throw new Error("nothing is left to chance here");
};

describe("how long a circuit opens for", () => {
  test("a trip: its own time, whatever the back-off", () => {
    const settings = settingsWith({ openMs: 10, backoffFactor: 2, backoffMax: 5, backoffJitter: 0.5 });
    expect(openTime(settings, 0, undefined, never)).toBe(10);
  });

  test("probes that failed: grown for each, up to the most", () => {
    const settings = settingsWith({ openMs: 10, backoffFactor: 2, backoffMax: 70 });
    expect([1, 2, 3, 4].map((reopens) => openTime(settings, reopens, undefined, never))).toEqual([
      20, 40, 70, 70,
    ]);
  });

  test("jitter only shortens, by its share at most", () => {
    const settings = settingsWith({ openMs: 10, backoffFactor: 2, backoffMax: 100, backoffJitter: 0.5 });
    expect([0, 0.5, 1].map((chance) => openTime(settings, 1, undefined, () => chance))).toEqual([20, 15, 10]);
  });

  test("what the backend asks for, within the limits", () => {
    const settings = settingsWith({ openMs: 10, retryAfterMin: 5, retryAfterMax: 50 });
    expect([1, 5, 20, 50, 900].map((asked) => openTime(settings, 3, asked, never))).toEqual([
      5, 5, 20, 50, 50,
    ]);
  });

  test("asked for nothing: its own time, outside of the limits as it may be", () => {
    expect(
      openTime(settingsWith({ openMs: 10, retryAfterMin: 20, retryAfterMax: 50 }), 0, undefined, never),
    ).toBe(10);
  });

  test("not listened to: the circuit's own time", () => {
    expect(openTime(settingsWith({ openMs: 10, retryAfterMax: 0 }), 0, 20, never)).toBe(10);
  });

  test("the longest is the longest of all three", () => {
    expect(longestOpenTime(settingsWith({ openMs: 3, backoffMax: 2, retryAfterMax: 1 }))).toBe(3);
    expect(longestOpenTime(settingsWith({ openMs: 1, backoffMax: 3, retryAfterMax: 2 }))).toBe(3);
    expect(longestOpenTime(settingsWith({ openMs: 1, backoffMax: 2, retryAfterMax: 3 }))).toBe(3);
  });
});

describe("whether the back-off begins anew", () => {
  const GROWING = { openMs: 10, backoffFactor: 2, backoffMax: 1_000, backoffJitter: 0.5 };

  test("always where nothing has grown", () => {
    expect(forgetsBackoff(settingsWith(GROWING), 0, 0)).toBe(true);
  });

  test("once it has been closed for as long as it was open last, with no jitter", () => {
    const settings = settingsWith(GROWING);
    expect([9, 10].map((closedForMs) => forgetsBackoff(settings, 1, closedForMs))).toEqual([false, true]);
    expect([39, 40].map((closedForMs) => forgetsBackoff(settings, 3, closedForMs))).toEqual([false, true]);
  });

  test("or for the time that the circuit sets, longer or shorter", () => {
    for (const backoffForget of [7, 700]) {
      const settings = settingsWith({ ...GROWING, backoffForget });
      expect(forgetsBackoff(settings, 3, backoffForget - 1)).toBe(false);
      expect(forgetsBackoff(settings, 3, backoffForget)).toBe(true);
    }
  });
});
