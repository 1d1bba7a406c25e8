import { afterEach, describe, expect, test, vi } from "vitest";
import type { Clock } from "../runtime/clock.js";
import { manualClock } from "../testing/manual-clock.js";
import { SlowWatch } from "./slow-watch.js";

/** A circuit that asks for the next look after so many ms each time, and for none after the last of them. */
function circuit(...next: number[]) {
  const made = {
    watched: false,
    looks: 0,
    look: (): number => {
      made.looks++;
      return next.shift() ?? Infinity;
    },
  };
  return made;
}

const NOW = 1_000;
const watching = () => {
  const time = manualClock({ now: NOW });
  const watch = SlowWatch.of(time);
  const expects = (what: ReturnType<typeof circuit>, inMs: number): void =>
    watch.expect(what, time.now() + inMs, inMs);
  return { time, watch, expects };
};

describe("a watch for slow calls", () => {
  test("is shared by all circuits of one clock", () => {
    const { time, watch } = watching();
    expect(SlowWatch.of(time)).toBe(watch);
    expect(watching().watch).not.toBe(watch);
  });

  test("looks when a call may be slow, and again as long as it is asked to", async () => {
    const { time, expects } = watching();
    const calls = circuit(30);
    expects(calls, 100);
    expect(calls.watched).toBe(true);
    await time.advance(99);
    expect(calls.looks).toBe(0);
    await time.advance(1);
    expect([calls.looks, calls.watched, time.pending]).toEqual([1, true, 1]);
    await time.advance(29);
    expect(calls.looks).toBe(1);
    await time.advance(1);
    expect([calls.looks, calls.watched, time.pending]).toEqual([2, false, 0]);
    expects(calls, 100);
    await time.advance(100);
    expect(calls.looks).toBe(3);
  });

  test("keeps one timer for all circuits, set for the earliest of them", async () => {
    const { time, expects } = watching();
    const later = circuit(50);
    const sooner = circuit();
    expects(later, 100);
    expects(sooner, 50);
    expects(circuit(), 200);
    expect(time.pending).toBe(1);
    await time.advance(50);
    expect([sooner.looks, later.looks, sooner.watched, later.watched]).toEqual([1, 1, false, true]);
    expect(time.pending).toBe(1);
    await time.advance(50);
    expect([sooner.looks, later.looks, time.pending]).toEqual([1, 2, 0]);
  });

  test("waits at least a millisecond between two looks", async () => {
    const { time, expects } = watching();
    const calls = circuit(0, -5);
    expects(calls, 10);
    await time.advance(10);
    expect(calls.looks).toBe(1);
    await time.advance(0.5);
    expect(calls.looks).toBe(1);
    await time.advance(0.5);
    expect(calls.looks).toBe(2);
    await time.advance(1);
    expect(calls.looks).toBe(3);
  });

  test("also looks at a call that begins during a look", async () => {
    const { time, expects } = watching();
    const begun = circuit(Infinity, Infinity);
    const calls = circuit(50);
    const look = calls.look;
    calls.look = () => {
      if (calls.looks === 0) expects(begun, 20);
      return look();
    };
    expects(calls, 100);
    await time.advance(100);
    expect([calls.looks, time.pending]).toEqual([1, 1]);
    await time.advance(20);
    expect(calls.looks).toBe(2);
  });
});

describe("a timer that a test framework has cleared", () => {
  afterEach(() => void vi.restoreAllMocks());

  /** A clock whose timers never fire, and which remembers their delays. */
  const deaf = () => {
    const set: number[] = [];
    const cancelled: number[] = [];
    const clock: Clock = {
      now: () => NOW,
      wall: () => NOW,
      random: () => 0,
      after: (ms) => {
        set.push(ms);
        return () => void cancelled.push(ms);
      },
    };
    return { watch: SlowWatch.of(clock), set, cancelled };
  };

  test("is set again once it is late by more than 150 ms", () => {
    const { watch, set, cancelled } = deaf();
    watch.expect(circuit(), NOW + 100, 100);
    watch.expect(circuit(), NOW + 250, 100);
    expect(set).toEqual([100]);
    watch.expect(circuit(), NOW + 251, 100);
    expect([set, cancelled]).toEqual([[100, 0], [100]]);
    watch.expect(circuit(), NOW + 301, 100);
    expect(set).toEqual([100, 0]);
  });

  test("is set again if the timers were replaced", () => {
    const { watch, set } = deaf();
    const replaced = vi.spyOn(globalThis, "setTimeout");
    watch.expect(circuit(), NOW + 100, 100);
    replaced.mockRestore();
    watch.expect(circuit(), NOW + 110, 100);
    expect(set).toEqual([100, 0]);
    watch.expect(circuit(), NOW + 120, 100);
    expect(set).toEqual([100, 0]);
  });
});
