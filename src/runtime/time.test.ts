import { mock } from "node:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "./system-clock.js";
import { tickingClock } from "./ticker.js";
import { time } from "./time.js";

/** The time that passes by the clock during `move`. Real time that passes meanwhile is part of it. */
async function passes(move: () => unknown): Promise<number> {
  const before = time.now();
  await move();
  return time.now() - before;
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  mock.timers.reset();
});

describe("fake time", () => {
  for (const [framework, begin, advance] of [
    ["vitest", () => vi.useFakeTimers(), (ms: number) => vi.advanceTimersByTime(ms)],
    [
      "vitest's Date alone",
      () => vi.useFakeTimers({ toFake: ["Date"] }),
      (ms: number) => vi.setSystemTime(Date.now() + ms),
    ],
    ["node:test", () => mock.timers.enable(), (ms: number) => mock.timers.tick(ms)],
    [
      "node:test's Date alone",
      () => mock.timers.enable({ apis: ["Date"] }),
      (ms: number) => mock.timers.tick(ms),
    ],
    [
      "node:test's setTimeout and Date",
      () => mock.timers.enable({ apis: ["setTimeout", "Date"] }),
      (ms: number) => mock.timers.tick(ms),
    ],
  ] as const) {
    it(`of ${framework} moves the clock, and no reading goes back when it begins or ends`, async () => {
      let last = time.now();
      const reading = (): number => {
        const moment = time.now();
        expect(moment).toBeGreaterThanOrEqual(last);
        last = moment;
        return moment;
      };
      for (let round = 0; round < 3; round++) {
        reading();
        begin();
        // Whether or not the clock is read in between.
        const before = round === 0 ? reading() : last;
        advance(61_000);
        // The real time between two readings of the clock may be subtracted, and no more.
        expect(reading() - before).toBeGreaterThan(60_000);
        expect(tickingClock.coarse?.()).toBeGreaterThan(before + 60_000);
        vi.useRealTimers();
        mock.timers.reset();
      }
    });
  }

  it("moves by exactly the given time, even if timers are fake too", async () => {
    vi.useFakeTimers();
    expect(await passes(() => vi.advanceTimersByTime(59_999))).toBe(59_999);
    expect(await passes(() => vi.setSystemTime(Date.now() + 1_000))).toBe(1_000);
    vi.useRealTimers();
    mock.timers.enable();
    const reached = time.now();
    const real = performance.now();
    while (performance.now() - real < 20);
    expect(time.now()).toBe(reached);
    expect(await passes(() => mock.timers.tick(59_999))).toBe(59_999);
  });

  it("does not go back if Date is set back", async () => {
    vi.useFakeTimers();
    expect(await passes(() => vi.setSystemTime(0))).toBe(0);
    expect(await passes(() => vi.advanceTimersByTime(1_000))).toBe(1_000);
  });

  it("passes with real time if Date alone is replaced and stands still", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const before = time.now();
    while (time.now() - before < 20) await new Promise((turn) => setImmediate(turn));
  });

  it("moves if performance alone is replaced, and continues from there", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    expect(await passes(() => vi.advanceTimersByTime(61_000))).toBeGreaterThan(60_999);
    const reached = time.now();
    vi.useRealTimers();
    expect(time.now()).toBeGreaterThanOrEqual(reached);
  });

  it("moves with a mocked Date.now", async () => {
    const later = Date.now() + 61_000;
    expect(await passes(() => vi.spyOn(Date, "now").mockReturnValue(later))).toBeGreaterThanOrEqual(0);
    expect(await passes(() => vi.spyOn(Date, "now").mockReturnValue(later + 61_000))).toBeGreaterThanOrEqual(
      61_000,
    );
  });
});

describe("timers and fake time", () => {
  beforeEach(() => vi.useRealTimers());

  it("fire with fake time, and those of real time are cancelled silently", () => {
    const complaints = vi.spyOn(console, "warn");
    const cancel = systemClock.after(60_000, () => {});
    vi.useFakeTimers();
    const wentOff = vi.fn();
    systemClock.after(60_000, wentOff);
    cancel();
    vi.advanceTimersByTime(59_999);
    expect(wentOff).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(wentOff).toHaveBeenCalledOnce();
    expect(complaints).not.toHaveBeenCalled();
  });

  it("that a framework lost fire once they are overdue and the clock is read", async () => {
    vi.useFakeTimers();
    const lost = vi.fn();
    const ofCall = vi.fn();
    const cancelled = vi.fn();
    systemClock.after(100, lost);
    systemClock.after(100, ofCall, true);
    systemClock.after(100, cancelled)();
    vi.useRealTimers();
    const before = performance.now();
    while (lost.mock.calls.length === 0 && performance.now() - before < 20_000) {
      systemClock.now();
      await new Promise((turn) => setTimeout(turn, 10));
    }
    expect(lost).toHaveBeenCalledOnce();
    expect(ofCall).not.toHaveBeenCalled();
    expect(cancelled).not.toHaveBeenCalled();
  });
});
