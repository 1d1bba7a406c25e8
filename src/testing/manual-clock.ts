import { checkKnown } from "../options/check-options.js";
import type { Clock } from "../runtime/clock.js";
import { STANDS_STILL } from "../runtime/keep-alive.js";

/** Where a manual clock starts. */
export interface ManualClockOptions {
  /** The wall clock's first reading, in ms since the epoch. Default: 1 January 2025, 00:00 UTC. */
  readonly wall?: number;
  /** The monotonic clock's first reading, in ms. Default: 0. */
  readonly now?: number;
  /** The seed of `random()`, an integer from 0 to 2^32 - 1: the same seed gives the same numbers. Default: 1. */
  readonly seed?: number;
}

/** A clock that moves only when it is told to. */
export interface ManualClock extends Required<Clock> {
  /**
   * Moves monotonic and wall time forward by `ms`, and runs the timers that become due, including those made on the
   * way. They run in order of time, and at the same time in order of creation. Before the first, between two and after
   * the last timer, it lets promises settle and the event loop turn once.
   *
   * If a timer throws, the other timers run and time goes on. At the end the promise rejects with the error, or with an
   * `AggregateError` if there were several.
   *
   * Rejects with a `RangeError` unless `ms` is finite and at least 0. Rejects with an `Error` while an earlier
   * `advance` is running, or if timers repeatedly start themselves again without a delay.
   */
  advance(ms: number): Promise<void>;
  /**
   * Shifts only the wall clock, by `ms`, which may be negative: skew, a correction, a suspended machine. Throws a
   * `RangeError` unless `ms` is finite.
   */
  jumpWall(ms: number): void;
  /**
   * Simulates an event loop that is blocked for `ms`. Time passes and no timer runs; those that become due run late,
   * with the next `advance`. `blocked()` reports it. Throws a `RangeError` unless `ms` is finite and at least 0.
   */
  stall(ms: number): void;
  /** How many timers are waiting. */
  readonly pending: number;
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

const firstWall = Date.UTC(2025, 0, 1);
const MOST_TIMERS_AT_ONCE = 100_000;

// Taken at load time: if a test runner faked these later, `advance` would wait for ever.
const { setImmediate, setTimeout } = globalThis as unknown as {
  setImmediate?(run: () => void): unknown;
  setTimeout(run: () => void, ms: number): unknown;
};

/**
 * Makes a clock for tests. It moves only when told to, so a test of an hour takes no time.
 *
 * ```ts
 * const clock = manualClock({ seed: 7 });
 * clock.after(60_000, () => console.log("a minute"));
 * await clock.advance(60_000);
 * ```
 *
 * Throws a `RangeError` for a `wall` or `now` that is not finite and for a seed out of range.
 */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  checkKnown(options, ["wall", "now", "seed"]);
  const start = finite("option now", options.now ?? 0);
  let now = start;
  let wall = finite("option wall", options.wall ?? firstWall);
  let state = seed(options.seed ?? 1);
  let advancing = false;
  const stalls: { readonly from: number; readonly to: number }[] = [];
  const timers = new Set<Timer>();

  /** A set keeps the order of creation, so the first of the earliest timers is the next one. */
  function next(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.due <= until && (first === undefined || timer.due < first.due)) first = timer;
    }
    return first;
  }

  async function runUntil(target: number): Promise<unknown[]> {
    const thrown: unknown[] = [];
    let atOnce = 0;
    await settle();
    for (let timer = next(target); timer !== undefined; timer = next(target)) {
      atOnce = timer.due > now ? 1 : atOnce + 1;
      if (atOnce > MOST_TIMERS_AT_ONCE) {
        throw new Error(
          `More than ${MOST_TIMERS_AT_ONCE} timers were due at ${now} ms: does one re-arm itself with a delay of 0?`,
        );
      }
      timers.delete(timer);
      now = Math.max(now, timer.due);
      try {
        timer.run();
      } catch (error) {
        thrown.push(error);
      }
      await settle();
    }
    now = target;
    return thrown;
  }

  const clock: ManualClock & { readonly [STANDS_STILL]: true } = {
    [STANDS_STILL]: true,
    now: () => now,
    wall: () => wall + (now - start),
    random() {
      // A Weyl sequence through a mixing step that is one-to-one: it repeats after 2^32 numbers.
      state = (state + 0x9e3779b9) | 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
    },
    after(ms, run) {
      if (typeof run !== "function") throw new TypeError(`Expected a function to call, got ${String(run)}.`);
      const timer: Timer = { due: now + notNegative("a timer's delay", ms), run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      const target = now + notNegative("the time to advance by", ms);
      if (advancing) throw new Error("This clock is already advancing: await advance() before the next one.");
      advancing = true;
      try {
        const thrown = await runUntil(target);
        if (thrown.length > 1) throw new AggregateError(thrown, `${thrown.length} timers threw`);
        if (thrown.length === 1) throw thrown[0];
      } finally {
        advancing = false;
      }
    },
    jumpWall(ms) {
      wall += finite("the time to jump by", ms);
    },
    stall(ms) {
      const from = now;
      now += notNegative("the time to stall for", ms);
      stalls.push({ from, to: now });
    },
    coarse: () => now,
    blocked: (since) => stalls.reduce((ms, { from, to }) => ms + Math.max(0, to - Math.max(from, since)), 0),
    get pending() {
      return timers.size;
    },
  };
  return clock;
}

/** Lets everything that waits only for promises go on, and gives the event loop one turn. */
async function settle(): Promise<void> {
  await turn();
  await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate) setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}

function finite(what: string, ms: number): number {
  if (!Number.isFinite(ms))
    throw new RangeError(`Expected ${what} to be a finite number of ms, got ${String(ms)}.`);
  return ms;
}

function notNegative(what: string, ms: number): number {
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new RangeError(`Expected ${what} to be a finite number of ms, 0 or more, got ${String(ms)}.`);
}

function seed(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new RangeError(`Expected option seed to be an integer from 0 to 2^32 - 1, got ${String(value)}.`);
}
