import { describe, expect, test } from "vitest";
import { manualClock } from "../testing/manual-clock.js";
import { inSlices } from "./slices.js";

/** Work on so many items, of which each takes `msOf` it. */
function working(count: number, msOf: (item: number) => number) {
  const time = manualClock();
  const worked: number[] = [];
  const outcomes: unknown[] = [];
  const work = (item: number): void => {
    time.stall(msOf(item));
    worked.push(item);
  };
  inSlices({ ...time, random: () => 0.5 }, Array(count).keys(), work, (outcome) => outcomes.push(outcome));
  return { time, worked, outcomes };
}

describe("work in slices", () => {
  test("is done at once if it takes less than 5 ms", () => {
    const { worked, outcomes } = working(100, (item) => (item === 0 ? 4.9 : 0));
    expect(worked).toHaveLength(100);
    expect(outcomes).toEqual([{ ok: true, value: undefined }]);
  });

  test("lets other work run when 5 ms have passed, which it looks at after each 16 items", async () => {
    const { time, worked, outcomes } = working(40, (item) => (item === 0 || item === 16 ? 5 : 0));
    expect([worked.length, outcomes]).toEqual([16, []]);
    await time.advance(0);
    expect([worked.length, outcomes]).toEqual([32, []]);
    await time.advance(10);
    expect(worked).toEqual([...Array(40).keys()]);
    expect(outcomes).toHaveLength(1);
  });

  test("gives each slice its 5 ms", async () => {
    const { time, worked } = working(64, (item) => (item === 0 ? 5 : item === 16 ? 4 : 0));
    expect(worked).toHaveLength(16);
    await time.advance(0);
    expect(worked).toHaveLength(64);
  });

  test("ends with the error that an item throws", () => {
    const error = new Error("no");
    const { worked, outcomes } = working(9, (item) => {
      if (item === 3) throw error;
      return 0;
    });
    expect([worked, outcomes]).toEqual([[0, 1, 2], [{ ok: false, error }]]);
  });
});
