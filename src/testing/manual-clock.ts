import type { Clock } from "../runtime/clock.js";

/** Where a manual clock starts. */
export interface ManualClockOptions {
  /** The wall clock's first reading, in ms since the epoch. Default: 1 January 2025, 00:00 UTC. */
  readonly wall?: number;
  /** The monotonic clock's first reading, in ms. Default: 0. */
  readonly now?: number;
  /** What `random()` starts from, an integer from 0 to 2^32 - 1: the same seed, the same numbers. Default: 1. */
  readonly seed?: number;
}

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Required<Clock> {
  /**
   * Moves monotonic and wall time forward by `ms` and runs the timers that fall due on the way, those
   * made on the way included: in order of their time, and of their creation where that is the same.
   * Before the first, between two and after the last, what only waits for promises, and for one turn
   * of the event loop, goes on.
   *
   * A timer that throws stops neither the others nor the time: the promise rejects at the end with
   * what was thrown, or with an `AggregateError` where several did.
   *
   * Rejects with a `RangeError` unless `ms` is finite and at least 0, and with an `Error` while an
   * earlier `advance` is still running, or when timers go on re-arming themselves without a delay.
   */
  advance(ms: number): Promise<void>;
  /**
   * Shifts the wall clock alone, by `ms`, negative ones back: skew, a correction, a suspended machine.
   * Throws a `RangeError` unless `ms` is finite.
   */
  jumpWall(ms: number): void;
  /**
   * The event loop is blocked for `ms`: time passes and no timer runs, those due meanwhile run late, with the next
   * `advance`, and `blocked()` tells of it.
   * Throws a `RangeError` unless `ms` is finite and at least 0.
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
const mostTimersAtOnce = 100_000;

// Taken when loaded: a test runner that fakes these later would leave `advance` waiting for ever.
const { setImmediate, setTimeout } = globalThis as unknown as {
  setImmediate?(run: () => void): unknown;
  setTimeout(run: () => void, ms: number): unknown;
};

/**
 * Makes a clock for tests: nothing moves unless told, so what takes an hour is tested in no time.
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
  const start = finite("option now", options.now ?? 0);
  let now = start;
  let wall = finite("option wall", options.wall ?? firstWall);
  let state = seed(options.seed ?? 1);
  let advancing = false;
  const stalls: { readonly from: number; readonly to: number }[] = [];
  const timers = new Set<Timer>();

  /** A set keeps the order of creation, so the first of the earliest is the next. */
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
      if (atOnce > mostTimersAtOnce) {
        throw new Error(
          `More than ${mostTimersAtOnce} timers were due at ${now} ms: does one re-arm itself with a delay of 0?`,
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

  return {
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
}

/** Everything that only waits for promises goes on, and what that hands to the event loop gets its turn. */
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
