import { describe, expect, test } from "vitest";
import { ThresholdPolicy } from "./threshold-policy.js";

describe("so many failures within the window", () => {
  const failures = (policy: ThresholdPolicy, ...moments: number[]): boolean[] =>
    moments.map((now) => policy.record(now, true) === "failure");

  test("the last of them is the one too many, and each further one too", () => {
    expect(failures(new ThresholdPolicy(3, 100), 0, 50, 100, 110)).toEqual([false, false, true, true]);
  });

  test("what is older than the window no longer counts", () => {
    expect(failures(new ThresholdPolicy(2, 100), 0, 101, 201, 302)).toEqual([false, false, true, false]);
  });

  test("successes count for nothing", () => {
    const policy = new ThresholdPolicy(2, 100);
    expect(failures(policy, 0)).toEqual([false]);
    expect(policy.record(1, false)).toBeUndefined();
    expect(failures(policy, 2)).toEqual([true]);
  });

  test("clear forgets all", () => {
    const policy = new ThresholdPolicy(2, 100);
    failures(policy, 0);
    policy.clear();
    expect(failures(policy, 1, 2)).toEqual([false, true]);
  });
});
