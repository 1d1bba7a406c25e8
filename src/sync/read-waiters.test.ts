import { describe, expect, test } from "vitest";
import { manualClock } from "../testing/manual-clock.js";
import { ReadWaiters } from "./read-waiters.js";

/** Two callers wait: for a read that is sent at 100 or later, and for one at 200 or later. */
function waiting() {
  const time = manualClock({ now: 100 });
  const waiters = new ReadWaiters({ ...time, random: () => 0.5 });
  const over: number[] = [];
  for (const after of [100, 200]) void waiters.wait(after).then(() => over.push(after));
  return { time, waiters, over };
}

describe("a caller that waits for a read", () => {
  test("goes on with the end of a read that was sent since, and not with that of an earlier one", async () => {
    const { time, waiters, over } = waiting();
    waiters.readOver(99);
    await time.advance(0);
    expect(over).toEqual([]);
    waiters.readOver(100);
    await time.advance(0);
    expect(over).toEqual([100]);
    waiters.readOver(Infinity);
    await time.advance(0);
    expect(over).toEqual([100, 200]);
    expect(time.pending, "timers that are left").toBe(0);
  });

  test("goes on after five seconds without one", async () => {
    const { time, over } = waiting();
    await time.advance(4_999);
    expect(over).toEqual([]);
    await time.advance(1);
    expect(over).toEqual([100, 200]);
  });
});

test("whether anybody waits is known", () => {
  const { waiters } = waiting();
  expect(new ReadWaiters({ ...manualClock(), random: () => 0.5 }).any).toBe(false);
  expect(waiters.any).toBe(true);
  waiters.readOver(100);
  expect(waiters.any).toBe(true);
  waiters.readOver(200);
  expect(waiters.any).toBe(false);
});
