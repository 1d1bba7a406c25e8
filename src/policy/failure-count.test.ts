import { describe, expect, test } from "vitest";
import { FailureCount } from "./failure-count.js";

describe("so many failures within the window", () => {
  test("the last of them is the one too many, and each further one too", () => {
    const count = new FailureCount(3, 100);
    expect([0, 50, 100, 110].map((now) => count.failed(now))).toEqual([false, false, true, true]);
  });

  test("what is older than the window no longer counts", () => {
    const count = new FailureCount(2, 100);
    expect([0, 101, 201, 302].map((now) => count.failed(now))).toEqual([false, false, true, false]);
  });

  test("clear forgets all", () => {
    const count = new FailureCount(2, 100);
    count.failed(0);
    count.clear();
    expect(count.failed(1)).toBe(false);
    expect(count.failed(2)).toBe(true);
  });
});
