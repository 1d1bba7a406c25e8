import { describe, expect, test } from "vitest";
import { ThresholdPolicy } from "./threshold-policy.js";

describe("a number of failures within the window", () => {
  const failures = (policy: ThresholdPolicy, ...moments: number[]): boolean[] =>
    moments.map((now) => policy.record(now, true) === "failure");

  test("trips at the last of them, and at each further one", () => {
    expect(failures(new ThresholdPolicy(3, 100), 0, 50, 100, 110)).toEqual([false, false, true, true]);
  });

  test("does not count failures older than the window", () => {
    expect(failures(new ThresholdPolicy(2, 100), 0, 101, 201, 302)).toEqual([false, false, true, false]);
  });

  test("ignores successes", () => {
    const policy = new ThresholdPolicy(2, 100);
    expect(failures(policy, 0)).toEqual([false]);
    expect(policy.record(1, false)).toBeUndefined();
    expect(failures(policy, 2)).toEqual([true]);
  });

  test("is forgotten on clear()", () => {
    const policy = new ThresholdPolicy(2, 100);
    failures(policy, 0);
    policy.clear();
    expect(failures(policy, 1, 2)).toEqual([false, true]);
  });
});
