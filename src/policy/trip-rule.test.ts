import { describe, expect, test } from "vitest";
import { settingsWith } from "./settings.fixture.js";
import type { CircuitSettings } from "./settings.js";
import { countsSuccesses, TripRule, tripsAtOnce } from "./trip-rule.js";

const rule = (changes: Partial<CircuitSettings>): TripRule => new TripRule(settingsWith(changes));

describe("what has to be counted", () => {
  test.each([
    [{}, true, false],
    [{ threshold: 2 }, false, false],
    [{ failureRate: 0.5 }, false, true],
    [{ slowCall: 100 }, false, true],
    [{ threshold: 2, slowCall: 100 }, false, true],
    [{ threshold: 0, consecutive: 5 }, false, true],
    [{ threshold: 3, consecutive: 5 }, false, true],
    [{ threshold: 1, consecutive: 5 }, true, false],
    [{ threshold: 0, consecutive: 1 }, true, false],
    [{ threshold: 0, consecutive: 1, slowCall: 100 }, false, true],
  ])("%j", (changes, atOnce, successes) => {
    expect(tripsAtOnce(settingsWith(changes))).toBe(atOnce);
    expect(countsSuccesses(settingsWith(changes))).toBe(successes);
  });
});

describe("threshold", () => {
  test("trips at the last failure", () => {
    const counting = rule({ threshold: 3 });
    expect([1, 2, 3].map((now) => counting.record(now, true, false))).toEqual([
      undefined,
      undefined,
      "failure",
    ]);
  });

  test("ignores successes", () => {
    const counting = rule({ threshold: 2 });
    expect(counting.record(1, true, false)).toBeUndefined();
    expect(counting.record(2, false, true)).toBeUndefined();
    expect(counting.record(3, true, false)).toBe("failure");
  });

  test("of 1 works beside a slow-call rate", () => {
    const counting = rule({ slowCall: 100, slowCallRate: 0.5, minimumCalls: 2 });
    expect(counting.record(1, false, false)).toBeUndefined();
    expect(counting.record(2, true, false)).toBe("failure");
  });

  test("is reset by clear()", () => {
    const counting = rule({ threshold: 2 });
    counting.record(1, true, false);
    counting.clear();
    expect(counting.record(2, true, false)).toBeUndefined();
  });
});

describe("failureRate", () => {
  test("trips at the rate, from minimumCalls on", () => {
    const rated = rule({ failureRate: 0.5, minimumCalls: 4, threshold: 0 });
    expect([true, false, true, false].map((failed) => rated.record(0, failed, false))).toEqual([
      undefined,
      undefined,
      undefined,
      "failure rate",
    ]);
  });

  test("does not trip below it", () => {
    const rated = rule({ failureRate: 0.5, minimumCalls: 3 });
    expect([true, false, false, false].map((failed) => rated.record(0, failed, false))).toEqual(
      Array(4).fill(undefined),
    );
  });

  test("does not trip below it with any number of failures", () => {
    const rated = rule({ failureRate: 0.9, minimumCalls: 100, threshold: 0 });
    for (let call = 0; call < 5; call++) expect(rated.record(0, true, false)).toBeUndefined();
  });

  test("with a threshold needs both", () => {
    const both = rule({ failureRate: 0.5, minimumCalls: 2, threshold: 4 });
    expect([true, true, true].map((failed) => both.record(0, failed, false))).toEqual(
      Array(3).fill(undefined),
    );
    expect(both.record(0, true, false)).toBe("failure rate");
    const rare = rule({ failureRate: 0.5, minimumCalls: 2, threshold: 2 });
    for (let call = 0; call < 5; call++) rare.record(0, false, false);
    expect([true, true, true, true].map((failed) => rare.record(0, failed, false))).toEqual(
      Array(4).fill(undefined),
    );
    expect(rare.record(0, true, false)).toBe("failure rate");
  });

  test("is reset by clear()", () => {
    const rated = rule({ failureRate: 0.5, minimumCalls: 2 });
    rated.record(0, true, false);
    rated.clear();
    expect(rated.record(0, true, false)).toBeUndefined();
  });
});

describe("consecutive", () => {
  test("trips at the last failure in a row, and at each further one, however long it takes", () => {
    const inARow = rule({ threshold: 0, consecutive: 3 });
    expect([0, 1e6, 1e9, 1e12].map((now) => inARow.record(now, true, false))).toEqual([
      undefined,
      undefined,
      "failure",
      "failure",
    ]);
  });

  test("starts again after any success, even a slow one", () => {
    for (const slow of [false, true]) {
      const inARow = rule({ threshold: 0, consecutive: 2 });
      inARow.record(0, true, false);
      expect(inARow.record(0, false, slow)).toBeUndefined();
      expect([true, true].map((failed) => inARow.record(0, failed, false))).toEqual([undefined, "failure"]);
    }
  });

  test("beside a threshold trips at whichever is met first", () => {
    const soonest = rule({ threshold: 3, consecutive: 2 });
    expect([0, 1].map((now) => soonest.record(now, true, false))).toEqual([undefined, "failure"]);
    const counted = rule({ threshold: 3, consecutive: 5 });
    for (const now of [0, 2]) {
      expect(counted.record(now, true, false)).toBeUndefined();
      expect(counted.record(now + 1, false, false)).toBeUndefined();
    }
    expect(counted.record(4, true, false)).toBe("failure");
  });

  test("beside rates trips at whichever is met first", () => {
    const both = rule({ threshold: 0, failureRate: 0.5, minimumCalls: 10, consecutive: 3 });
    expect([0, 0, 0].map((now) => both.record(now, true, false))).toEqual([undefined, undefined, "failure"]);
    both.clear();
    for (let call = 0; call < 4; call++) {
      both.record(0, true, false);
      both.record(0, false, false);
    }
    expect(both.record(0, true, false)).toBeUndefined();
    expect(both.record(0, true, false)).toBe("failure rate");
  });

  test("is reset by clear()", () => {
    const inARow = rule({ threshold: 0, consecutive: 2 });
    inARow.record(0, true, false);
    inARow.clear();
    expect(inARow.record(0, true, false)).toBeUndefined();
  });
});

describe("slowCallRate", () => {
  test("trips at the rate, from minimumCalls on", () => {
    const rated = rule({ slowCall: 100, slowCallRate: 0.5, minimumCalls: 3 });
    expect([true, false, false, true].map((slow) => rated.record(0, false, slow))).toEqual([
      undefined,
      undefined,
      undefined,
      "slow calls",
    ]);
  });

  test("does not trip if slow calls are measured without a rate", () => {
    const rated = rule({ slowCall: 100, slowCallRate: 0, minimumCalls: 1 });
    expect(rated.record(0, false, true)).toBeUndefined();
    expect(rated.record(0, false, false)).toBeUndefined();
  });

  test("does not trip by a failure rate that is not set", () => {
    const rated = rule({ slowCall: 100, slowCallRate: 1, minimumCalls: 2, threshold: 9 });
    rated.record(0, false, true);
    expect(rated.record(0, false, false)).toBeUndefined();
  });
});

describe("a rule", () => {
  test("reports the most calls that a window had", () => {
    const rated = rule({ failureRate: 0.9, minimumCalls: 100 });
    expect(rated.busiest).toBe(0);
    for (const now of [0, 1, 2, 20_000]) rated.record(now, false, false);
    expect(rated.busiest).toBe(3);
    for (const now of [20_001, 20_002, 20_003]) rated.record(now, false, false);
    expect(rated.busiest).toBe(4);
  });

  test("reports none if no rate is set", () => {
    const counting = rule({ threshold: 2 });
    counting.record(0, true, false);
    expect(counting.busiest).toBe(0);
  });

  test("suspects this host for a window after a failure of its own", () => {
    const counting = rule({ threshold: 2 });
    expect(counting.suspects(0)).toBe(false);
    counting.hostFailedAt = 100;
    expect([100, 10_100, 10_101].map((now) => counting.suspects(now))).toEqual([true, true, false]);
  });

  test("doubts a remote trip after twenty recent successes and no failure", () => {
    const rated = rule({ failureRate: 0.9, minimumCalls: 100 });
    for (let call = 0; call < 19; call++) rated.record(0, false, false);
    expect(rated.doubts(0)).toBe(false);
    rated.record(0, false, false);
    expect(rated.doubts(0)).toBe(true);
    expect(rated.doubts(4_999)).toBe(true);
    rated.record(4_999, true, false);
    expect(rated.doubts(4_999)).toBe(false);
  });

  test("does not doubt a remote trip by successes older than five seconds", () => {
    for (const window of [1_000, 5_000, 10_000, 25_000, 26_000, 600_000]) {
      const rated = rule({ failureRate: 0.9, minimumCalls: 100, window });
      for (let call = 0; call < 30; call++) rated.record(0, false, false);
      expect([0, 2_499, 5_000].map((now) => rated.doubts(now))).toEqual([true, true, false]);
    }
  });

  test("does not doubt a remote trip within five seconds after a failure", () => {
    const rated = rule({ failureRate: 0.9, minimumCalls: 100, window: 600_000 });
    rated.record(0, true, false);
    for (let call = 0; call < 20; call++) rated.record(3_000, false, false);
    expect([3_000, 4_499, 5_000].map((now) => rated.doubts(now))).toEqual([false, false, true]);
    rated.clear();
    expect(rated.doubts(5_000)).toBe(false);
    for (let call = 0; call < 20; call++) rated.record(5_000, false, false);
    expect(rated.doubts(5_000)).toBe(true);
  });

  test("does not doubt a remote trip if successes are not counted", () => {
    const counting = rule({ threshold: 2 });
    for (let call = 0; call < 30; call++) counting.record(0, false, false);
    expect(counting.doubts(0)).toBe(false);
  });

  test("reports how many windows it has watched", () => {
    const rated = rule({ failureRate: 0.5 });
    expect(rated.windows(5_000)).toBe(0);
    rated.record(5_000, false, false);
    rated.record(9_000, false, false);
    expect(rated.windows(25_000)).toBe(2);
    expect(rule({ threshold: 2 }).windows(25_000)).toBe(0);
  });
});
