import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { inPages, PAGE } from "./pages.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "Date", "setTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Reads so many rows of a store whose answers take so many ms. */
async function read(rows: number, ms: number) {
  const asked: number[] = [];
  const all = await inPages(async (limit, last: number | undefined) => {
    asked.push(limit);
    vi.advanceTimersByTime(ms);
    const from = (last ?? -1) + 1;
    return Array.from({ length: Math.min(limit, rows - from) }, (_, at) => from + at);
  });
  return { all, asked };
}

describe("a list that is read in pages", () => {
  test.each([0, 1, PAGE - 1, PAGE, PAGE + 1, 5 * PAGE])(
    "has each of %i rows once, in order",
    async (rows) => {
      const { all } = await read(rows, 1);
      expect(all).toEqual(Array.from({ length: rows }, (_, at) => at));
    },
  );

  test("is asked for in small pages of a store that is near, and in few of one that is far", async () => {
    const near = await read(100_000, 5);
    expect(near.asked.length).toBe(101);
    expect(Math.max(...near.asked)).toBe(PAGE);
    for (const ms of [30, 1_000]) {
      const far = await read(100_000, ms);
      expect(far.asked.length).toBeLessThan(20);
      expect(far.all).toHaveLength(100_000);
    }
  });
});
