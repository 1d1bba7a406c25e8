import { describe, expect, test, vi } from "vitest";
import { manualClock } from "./manual-clock.js";

describe("time", () => {
  test("starts at the given moment, by default at 0 ms and at the beginning of 2025", () => {
    const clock = manualClock({ wall: 1_000_000, now: 12.5 });
    expect([clock.wall(), clock.now()]).toEqual([1_000_000, 12.5]);
    expect([manualClock().wall(), manualClock().now()]).toEqual([Date.parse("2025-01-01T00:00:00Z"), 0]);
  });

  test("stands still while real time passes", async () => {
    const clock = manualClock();
    const before = [clock.now(), clock.wall()];
    const start = performance.now();
    await vi.waitUntil(() => performance.now() > start + 5, { interval: 1 });
    expect([clock.now(), clock.wall()]).toEqual(before);
  });

  test("advance() moves the monotonic and the wall clock together", async () => {
    const clock = manualClock({ wall: 1_000_000, now: 50 });
    await clock.advance(250);
    await clock.advance(0.5);
    expect([clock.now(), clock.wall()]).toEqual([300.5, 1_000_250.5]);
  });

  test("jumpWall() moves only the wall clock, forward and back, and runs no timer", async () => {
    const clock = manualClock({ wall: 1_000_000 });
    const run = vi.fn();
    clock.after(10, run);
    clock.jumpWall(60_000);
    expect([clock.now(), clock.wall()]).toEqual([0, 1_060_000]);
    clock.jumpWall(-90_000);
    await clock.advance(5);
    expect([clock.now(), clock.wall()]).toEqual([5, 970_005]);
    expect(run).not.toHaveBeenCalled();
  });
});

describe("timers", () => {
  test("run in order of their time, and at the same time in order of their creation", async () => {
    const clock = manualClock();
    const ran: string[] = [];
    for (const [ms, name] of [
      [30, "c"],
      [10, "a1"],
      [20, "b"],
      [10, "a2"],
      [10, "a3"],
    ] as const) {
      clock.after(ms, () => ran.push(`${name} at ${clock.now()}`));
    }
    await clock.advance(30);
    expect(ran).toEqual(["a1 at 10", "a2 at 10", "a3 at 10", "b at 20", "c at 30"]);
  });

  test("run once, when their time is reached and not before", async () => {
    const clock = manualClock();
    const run = vi.fn();
    clock.after(10, run);
    await clock.advance(9.999);
    expect(run).not.toHaveBeenCalled();
    await clock.advance(0.001);
    await clock.advance(100);
    expect(run).toHaveBeenCalledOnce();
  });

  test("without a delay run in the next advance, even of 0 ms, and never in the call that made them", async () => {
    const clock = manualClock();
    const run = vi.fn();
    clock.after(0, run);
    expect(run).not.toHaveBeenCalled();
    await clock.advance(0);
    expect(run).toHaveBeenCalledOnce();
  });

  test("that were made by timers run too, if they are due within the advance", async () => {
    const clock = manualClock();
    const ticks: number[] = [];
    const tick = (): void => {
      ticks.push(clock.now());
      clock.after(10, tick);
    };
    clock.after(10, tick);
    await clock.advance(35);
    expect(ticks).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
    expect(clock.pending).toBe(1);
  });

  test("can be cancelled, also by a timer of the same moment, and after they ran", async () => {
    const clock = manualClock();
    const ran: string[] = [];
    clock.after(10, () => {
      ran.push("first");
      cancelSecond();
    });
    const cancelSecond = clock.after(10, () => ran.push("second"));
    const cancelThird = clock.after(5, () => ran.push("third"));
    await clock.advance(10);
    cancelThird();
    cancelSecond();
    await clock.advance(10);
    expect(ran).toEqual(["third", "first"]);
  });

  test("pending counts timers that wait", async () => {
    const clock = manualClock();
    const cancel = clock.after(10, () => {});
    clock.after(10, () => {});
    clock.after(20, () => {});
    expect(clock.pending).toBe(3);
    cancel();
    expect(clock.pending).toBe(2);
    await clock.advance(10);
    expect(clock.pending).toBe(1);
  });
});

describe("promises", () => {
  /** Continues through promises and turns of the event loop only, as a store does. */
  async function answer(): Promise<void> {
    for (let step = 0; step < 20; step += 1) await null;
    await new Promise((resolve) => setImmediate(resolve));
    for (let step = 0; step < 20; step += 1) await null;
  }

  test("settle between two timers, even of the same moment, and after the last", async () => {
    const clock = manualClock();
    const ran: string[] = [];
    for (const [ms, name] of [
      [10, "a"],
      [10, "b"],
      [20, "c"],
    ] as const) {
      clock.after(ms, () => {
        ran.push(name);
        void answer().then(() => ran.push(`${name} answered at ${clock.now()}`));
      });
    }
    await clock.advance(100);
    expect(ran).toEqual(["a", "a answered at 10", "b", "b answered at 10", "c", "c answered at 20"]);
  });

  test("settle before the first timer, so that a timer they make counts from before the advance", async () => {
    const clock = manualClock();
    const run = vi.fn();
    void answer().then(() => clock.after(10, run));
    await clock.advance(10);
    expect(run).toHaveBeenCalledOnce();
  });

  test("settle before the advance ends, so that a timer they make still runs in it", async () => {
    const clock = manualClock();
    let at = 0;
    clock.after(10, () => {
      void answer().then(() => {
        clock.after(10, () => {
          at = clock.now();
        });
      });
    });
    await clock.advance(25);
    expect(at).toBe(20);
  });

  test("settle under a test runner's fake timers", async () => {
    vi.useFakeTimers();
    try {
      const clock = manualClock();
      const run = vi.fn();
      clock.after(10, run);
      await clock.advance(10);
      expect(run).toHaveBeenCalledOnce();
    } finally {
      vi.useRealTimers();
    }
  });

  test("settle without setImmediate, as in a browser", async () => {
    vi.stubGlobal("setImmediate", undefined);
    try {
      vi.resetModules();
      const { manualClock: fresh } = await import("./manual-clock.js");
      const clock = fresh();
      const ran: string[] = [];
      clock.after(10, () => void Promise.resolve().then(() => ran.push("a")));
      clock.after(20, () => ran.push("b"));
      await clock.advance(20);
      expect(ran).toEqual(["a", "b"]);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("a timer that throws", () => {
  test("stops neither other timers nor the time; advance() rejects with what it threw", async () => {
    const clock = manualClock();
    const thrown = new Error("of the first");
    const second = vi.fn();
    clock.after(10, () => {
      throw thrown;
    });
    clock.after(20, second);
    await expect(clock.advance(30)).rejects.toBe(thrown);
    expect(second).toHaveBeenCalledOnce();
    expect(clock.now()).toBe(30);
    await clock.advance(10);
    expect(clock.now()).toBe(40);
  });

  test("together with another: advance() rejects with both errors", async () => {
    const clock = manualClock();
    const thrown = [new Error("of the first"), undefined];
    for (const each of thrown) {
      clock.after(10, () => {
        throw each;
      });
    }
    const error: unknown = await clock.advance(10).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors).toEqual(thrown);
  });
});

describe("random", () => {
  const numbers = (seed?: number): number[] => {
    const clock = manualClock(seed === undefined ? {} : { seed });
    return Array.from({ length: 10_000 }, () => clock.random());
  };

  test("repeats with the same seed and not with another", () => {
    expect(numbers(7)).toEqual(numbers(7));
    expect(numbers()).toEqual(numbers(1));
    expect(numbers(7)).not.toEqual(numbers(8));
  });

  test.each([0, 1, 2, 2 ** 32 - 1])("is uniform in [0, 1), from seed %d", (seed) => {
    const drawn = numbers(seed);
    expect(drawn.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(new Set(drawn).size).toBe(drawn.length);
    const tenths = Array<number>(10).fill(0);
    for (const number of drawn) tenths[Math.floor(number * 10)] = (tenths[Math.floor(number * 10)] ?? 0) + 1;
    // Each is 1000 on average, with a standard deviation of 30.
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

describe("an invalid argument throws, and the error says what it got", () => {
  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("a delay of %d", (ms) => {
    const clock = manualClock();
    expect(() => clock.after(ms, () => {})).toThrow(
      new RangeError(`Expected a timer's delay to be a finite number of ms, 0 or more, got ${ms}.`),
    );
    expect(clock.pending).toBe(0);
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])("advancing by %d", async (ms) => {
    const clock = manualClock();
    await expect(clock.advance(ms)).rejects.toThrow(
      new RangeError(`Expected the time to advance by to be a finite number of ms, 0 or more, got ${ms}.`),
    );
    expect(clock.now()).toBe(0);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("jumping by %d", (ms) => {
    expect(() => manualClock().jumpWall(ms)).toThrow(
      `Expected the time to jump by to be a finite number of ms, got ${ms}.`,
    );
  });

  test("a start that is not finite", () => {
    expect(() => manualClock({ now: Number.NaN })).toThrow(
      "Expected option now to be a finite number of ms, got NaN.",
    );
    expect(() => manualClock({ wall: Number.POSITIVE_INFINITY })).toThrow(
      "Expected option wall to be a finite number",
    );
  });

  test.each([-1, 1.5, 2 ** 32, Number.NaN])("a seed of %d", (seed) => {
    expect(() => manualClock({ seed })).toThrow(
      `Expected option seed to be an integer from 0 to 2^32 - 1, got ${seed}.`,
    );
  });

  test("a timer without a function", () => {
    expect(() => manualClock().after(1, "run" as unknown as () => void)).toThrow(
      new TypeError("Expected a function to call, got run."),
    );
  });

  test("advancing during an advance, also from a timer", async () => {
    const clock = manualClock();
    const nested = vi.fn();
    clock.after(1, () => void clock.advance(1).catch(nested));
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toThrow("already advancing: await advance() before the next one");
    await first;
    expect(nested).toHaveBeenCalledOnce();
    expect(clock.now()).toBe(10);
  });

  test("a timer that sets itself again without a delay for ever", async () => {
    const clock = manualClock();
    const again = (): void => void clock.after(0, again);
    clock.after(5, again);
    await expect(clock.advance(10)).rejects.toThrow(
      "More than 100000 timers were due at 5 ms: does one re-arm itself with a delay of 0?",
    );
  });
});
