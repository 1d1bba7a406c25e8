import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../protocol/runs.fixture.js";
import { type Counts, SlidingWindow } from "./sliding-window.js";

const WINDOW = 1_000;
const SLICE = 100;

const at = (window: SlidingWindow, now: number): Counts => window.recordSlow(now, 0);

describe("a sliding window of ten slices", () => {
  test("counts calls, failures and slow calls", () => {
    const window = new SlidingWindow(WINDOW);
    window.record(0, false, false);
    window.record(1, true, false);
    window.record(2, false, true);
    window.record(3, true, true);
    expect(at(window, 4)).toEqual({ calls: 4, failures: 2, slow: 2 });
  });

  test("drops every call, even if floating point puts a slice's end inside it", () => {
    const window = new SlidingWindow(7);
    const end = 3 * 0.7;
    expect(Math.floor(end / 0.7)).toBe(2);
    window.record(1.5, true, true);
    window.record(end, true, true);
    expect(at(window, 8.3).calls).toBe(2);
    expect([at(window, 8.5).calls, at(window, 8.5).failures, at(window, 8.5).slow]).toEqual([0, 0, 0]);
  });

  test("has no call older than the window, and every call of the last nine tenths of it", () => {
    const call = fc.record({
      after: fc.integer({ min: 0, max: 400 }),
      failed: fc.boolean(),
      slow: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: -5_000, max: 5_000 }),
        fc.array(call, { maxLength: 60 }),
        (start, calls) => {
          const window = new SlidingWindow(WINDOW);
          const all: { at: number; failed: boolean; slow: boolean }[] = [];
          let now = start;
          for (const { after, failed, slow } of calls) {
            now += after;
            window.record(now, failed, slow);
            all.push({ at: now, failed, slow });
            const slice = Math.floor(now / SLICE);
            const held = all.filter((call) => Math.floor(call.at / SLICE) > slice - 10);
            expect(at(window, now).calls).toBe(held.length);
            expect(at(window, now).failures).toBe(held.filter((each) => each.failed).length);
            expect(at(window, now).slow).toBe(held.filter((each) => each.slow).length);
            for (const ms of [0, 50, 100, 250, 300, 1_000, 9_000]) {
              const slices = Math.min(10, Math.max(1, Math.floor(ms / SLICE)));
              const lately = all.filter((call) => Math.floor(call.at / SLICE) > slice - slices);
              expect(window.lately(now, ms)).toEqual({
                calls: lately.length,
                failures: lately.filter((each) => each.failed).length,
              });
            }
          }
        },
      ),
      runs(2_000),
    );
  });

  test("empties with time, without calls", () => {
    const window = new SlidingWindow(WINDOW);
    window.record(50, true, false);
    expect([999, 1_000].map((now) => at(window, now).calls)).toEqual([1, 0]);
    window.record(2_050, true, false);
    expect(at(window, 1e9).calls).toBe(0);
    expect(window.lately(1e9, WINDOW)).toEqual({ calls: 0, failures: 0 });
  });

  test("begins the next slice at the moment the last one ends", () => {
    const window = new SlidingWindow(WINDOW);
    window.record(0, true, false);
    expect(window.lately(SLICE - 1, SLICE)).toEqual({ calls: 1, failures: 1 });
    expect(window.lately(SLICE, SLICE)).toEqual({ calls: 0, failures: 0 });
    window.record(2 * SLICE, true, false);
    expect(window.lately(2 * SLICE, SLICE)).toEqual({ calls: 1, failures: 1 });
  });

  test("reuses a slice exactly one window later, with its counts cleared", () => {
    const window = new SlidingWindow(WINDOW);
    window.record(0, true, true);
    window.record(WINDOW, false, false);
    expect(at(window, WINDOW)).toEqual({ calls: 1, failures: 0, slow: 0 });
  });

  test("ignores a clock that is set back", () => {
    const window = new SlidingWindow(WINDOW);
    window.record(5_000, true, false);
    expect(at(window, 100).calls).toBe(1);
    window.record(100, true, false);
    expect(at(window, 5_000).calls).toBe(2);
    expect(window.lately(5_000, SLICE)).toEqual({ calls: 2, failures: 2 });
  });

  test("counts calls that are slow while under way", () => {
    const window = new SlidingWindow(WINDOW);
    window.record(0, false, false);
    expect(window.recordSlow(1, 3)).toEqual({ calls: 4, failures: 0, slow: 3 });
    expect(window.recordSlow(WINDOW, 2)).toEqual({ calls: 2, failures: 0, slow: 2 });
  });

  test("counts the failure of a call that was counted before as another call only once the window has dropped it", () => {
    const window = new SlidingWindow(WINDOW);
    window.recordSlow(99, 1);
    expect(window.recordFailureOf(999, 99)).toEqual({ calls: 1, failures: 1, slow: 1 });
    expect(window.recordFailureOf(1_000, 99)).toEqual({ calls: 1, failures: 2, slow: 0 });
    expect(window.recordFailureOf(1_000, 100)).toEqual({ calls: 1, failures: 3, slow: 0 });
  });

  test("reports how many calls it has had, and how many were slow, without the newest slice", () => {
    const window = new SlidingWindow(WINDOW);
    window.record(0, false, true);
    window.record(1, true, false);
    expect(window.seen).toEqual({ calls: 0, slow: 0 });
    window.record(SLICE, false, true);
    expect(window.seen).toEqual({ calls: 2, slow: 1 });
    window.record(9 * WINDOW, false, false);
    expect(window.seen).toEqual({ calls: 3, slow: 2 });
    window.clear();
    expect(window.seen).toEqual({ calls: 4, slow: 2 });
  });

  test("reports how many windows have passed since the first call", () => {
    const window = new SlidingWindow(WINDOW);
    expect(window.watched(500)).toBe(0);
    window.record(500, false, false);
    window.record(900, false, false);
    expect(window.watched(3_000)).toBe(2.5);
  });

  test("forgets everything on clear()", () => {
    const window = new SlidingWindow(WINDOW);
    window.record(0, true, true);
    window.clear();
    expect(at(window, 1)).toEqual({ calls: 0, failures: 0, slow: 0 });
    expect(window.lately(1, WINDOW)).toEqual({ calls: 0, failures: 0 });
    window.record(950, true, false);
    window.record(1_001, true, false);
    expect(at(window, 1_001).calls).toBe(2);
  });
});
