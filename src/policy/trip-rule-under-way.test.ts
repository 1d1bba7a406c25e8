import { describe, expect, test } from "vitest";
import { settingsWith } from "./settings.fixture.js";
import type { CircuitSettings } from "./settings.js";
import { TripRule } from "./trip-rule.js";

const rule = (changes: Partial<CircuitSettings>): TripRule =>
  new TripRule(settingsWith({ slowCall: 100, threshold: 0, minimumCalls: 1, ...changes }));

describe("slow calls under way", () => {
  test("count as slow calls, each of them", () => {
    const rated = rule({ slowCallRate: 0.5, minimumCalls: 4 });
    for (const now of [0, 1]) rated.record(now, false, false);
    expect(rated.slowUnderWay(100, 1, 0)).toBeUndefined();
    expect(rated.slowUnderWay(101, 1, 1)).toBe("slow calls");
  });

  test("do not trip without a slow-call rate", () => {
    expect(rule({ slowCall: 0, threshold: 1 }).slowUnderWay(100, 9, 0)).toBeUndefined();
    expect(rule({}).slowUnderWay(100, 9, 0)).toBeUndefined();
  });

  test("prevent doubts of a remote trip for five seconds", () => {
    const rated = rule({ slowCallRate: 1, minimumCalls: 100 });
    rated.slowUnderWay(1_000, 1, 900);
    for (let call = 0; call < 20; call++) rated.record(6_000, false, false);
    expect([6_000, 6_001].map((now) => rated.doubts(now))).toEqual([false, true]);
    rated.slowUnderWay(6_002, 0, 900);
    expect(rated.doubts(6_002)).toBe(true);
  });
});

test("a call that was counted as slow counts in a row of failures even if slow calls no longer count", () => {
  const inARow = rule({ slowCall: 0, consecutive: 2 });
  expect(inARow.ended(200, true, 100)).toBeUndefined();
  expect(inARow.ended(201, true, 100)).toBe("failure");
});

describe("a hang", () => {
  const hanging = (changes: Partial<CircuitSettings> = {}): TripRule => rule({ hangCalls: 3, ...changes });

  test("is a number of slow calls in a row without a success for twice the slow-call time", () => {
    const rated = hanging();
    expect(rated.slowUnderWay(100, 3, 0)).toBeUndefined();
    expect(rated.slowUnderWay(199, 0, 0)).toBeUndefined();
    expect(rated.slowUnderWay(200, 0, 0)).toBe("slow calls under way");
  });

  test("is not found among calls that began before the last success, however long they take", () => {
    const rated = hanging();
    rated.record(50, false, false);
    expect(rated.slowUnderWay(900, 3, 0)).toBeUndefined();
    expect(rated.slowUnderWay(900, 3, 50)).toBe("slow calls under way");
  });

  test("may consist of calls that began at different moments, and its time begins with the first of them", () => {
    const few = hanging();
    few.slowUnderWay(100, 2, 0);
    expect(few.slowUnderWay(200, 0, 0)).toBeUndefined();
    const several = hanging();
    several.slowUnderWay(150, 1, 50);
    several.slowUnderWay(160, 1, 20);
    expect(several.slowUnderWay(219, 1, 60)).toBeUndefined();
    expect(several.slowUnderWay(220, 0, 20)).toBe("slow calls under way");
  });

  test("is not looked for if hangCalls is 0, or with fewer calls than minimumCalls", () => {
    const off = hanging({ hangCalls: 0 });
    off.slowUnderWay(100, 9, 0);
    expect(off.slowUnderWay(500, 0, 0)).toBeUndefined();
    const quiet = hanging({ minimumCalls: 4 });
    quiet.slowUnderWay(100, 3, 0);
    expect(quiet.slowUnderWay(200, 0, 0)).toBeUndefined();
    expect(quiet.slowUnderWay(200, 1, 100)).toBe("slow calls under way");
  });

  test.each([
    ["of a call of the time before", (rated: TripRule) => rated.record(150, false, false)],
    ["of one that was slow itself", (rated: TripRule) => rated.ended(150, false, 100)],
  ])("ends with a success %s, and the next one starts from zero", (_, succeed) => {
    const rated = hanging();
    rated.slowUnderWay(100, 3, 0);
    expect(succeed(rated)).toBeUndefined();
    expect(rated.slowUnderWay(200, 0, 0)).toBeUndefined();
    expect(rated.slowUnderWay(250, 3, 149)).toBeUndefined();
    expect(rated.slowUnderWay(360, 3, 200)).toBeUndefined();
    expect(rated.slowUnderWay(400, 0, 200)).toBe("slow calls under way");
  });

  test("does not end with a failure", () => {
    const rated = hanging();
    rated.slowUnderWay(100, 3, 0);
    rated.record(150, true, false);
    rated.ended(160, true, 100);
    expect(rated.slowUnderWay(200, 0, 0)).toBe("slow calls under way");
  });

  test("does not end with a success at the moment at which its calls began", () => {
    const rated = hanging();
    rated.record(0, false, false);
    rated.slowUnderWay(100, 3, 0);
    expect(rated.slowUnderWay(200, 0, 0)).toBe("slow calls under way");
  });

  test("is forgotten on clear()", () => {
    const rated = hanging();
    rated.slowUnderWay(100, 3, 0);
    rated.clear();
    expect(rated.slowUnderWay(200, 0, 150)).toBeUndefined();
    expect(rated.slowUnderWay(300, 3, 190)).toBeUndefined();
    expect(rated.slowUnderWay(350, 0, 190)).toBe("slow calls under way");
  });
});

describe("a call that was counted as slow, when it ends", () => {
  test("is not counted again, and its failure counts", () => {
    const rated = rule({ failureRate: 0.5, minimumCalls: 2 });
    expect(rated.slowUnderWay(100, 2, 0)).toBeUndefined();
    expect(rated.ended(150, true, 100)).toBe("failure rate");
    const fewer = rule({ failureRate: 0.5, minimumCalls: 3 });
    fewer.slowUnderWay(100, 2, 0);
    expect(fewer.ended(150, true, 100)).toBeUndefined();
  });

  test("counts as one failure", () => {
    const rated = rule({ failureRate: 0.75, minimumCalls: 2 });
    rated.slowUnderWay(100, 2, 0);
    expect([150, 151].map((now) => rated.ended(now, true, 100))).toEqual([undefined, "failure rate"]);
  });

  test("counts towards the threshold and the row of failures", () => {
    const counted = rule({ threshold: 2, minimumCalls: 99 });
    expect([110, 120].map((now) => counted.ended(now, true, 100))).toEqual([undefined, "failure"]);
    const inARow = rule({ consecutive: 2, minimumCalls: 99 });
    inARow.ended(110, true, 100);
    expect(inARow.ended(111, false, 100)).toBeUndefined();
    expect([112, 113].map((now) => inARow.ended(now, true, 100))).toEqual([undefined, "failure"]);
  });

  test("adds nothing to a rate if it succeeded", () => {
    const rated = rule({ slowCallRate: 0.5, minimumCalls: 3 });
    rated.slowUnderWay(100, 2, 0);
    expect(rated.ended(150, false, 100)).toBeUndefined();
    expect(rated.record(151, false, false)).toBe("slow calls");
  });

  test("prevents doubts of a remote trip if it failed, whatever the window", () => {
    for (const window of [10_000, 600_000]) {
      const rated = rule({ slowCallRate: 1, minimumCalls: 999, window });
      for (let call = 0; call < 20; call++) rated.record(6_000, false, false);
      expect(rated.doubts(6_000)).toBe(true);
      rated.ended(6_000, true, 500);
      expect(rated.doubts(6_000)).toBe(false);
    }
  });
});

describe("the totals of a rule", () => {
  test("include how many calls were slow, in slices that are over", () => {
    const rated = rule({});
    rated.record(0, false, true);
    rated.slowUnderWay(10, 2, 0);
    expect(rated.seen).toEqual({ calls: 0, slow: 0 });
    rated.record(1_000, false, false);
    expect(rated.seen).toEqual({ calls: 3, slow: 3 });
    expect(rule({ slowCall: 0, threshold: 2 }).seen).toEqual({ calls: 0, slow: 0 });
  });
});
