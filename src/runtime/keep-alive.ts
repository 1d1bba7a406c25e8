/** A timer of the platform. A timer with `unref` need not keep the process alive. */
type Interval = { unref?(): unknown } | number;

interface Timers {
  setInterval(run: () => void, ms: number): Interval;
  clearInterval(timer: Interval): void;
}

/** The timers at load time: a test framework's fake time must not decide whether the process lives. */
const { setInterval, clearInterval } = globalThis as unknown as Timers;
/** It does nothing, so it fires as rarely as possible. */
const RARELY_MS = 2 ** 30;

/** Marks a clock whose time only a test moves, so that a promise that depends on it may never settle. */
export const STANDS_STILL: unique symbol = Symbol.for("failfast.clockStandsStill");

/**
 * Keeps the process alive until the promise settles. All timers and connections here let a process end, but somebody
 * waits for this promise, for example the last line of a script. Timers without `unref` keep the process alive anyway.
 * `clock`: the one that the promise depends on.
 */
export function keepAlive<T>(promise: Promise<T>, clock?: object): Promise<T> {
  if (clock !== undefined && STANDS_STILL in clock) return promise;
  const timer = setInterval(() => undefined, RARELY_MS);
  if (typeof timer === "number") {
    clearInterval(timer);
    return promise;
  }
  return promise.finally(() => clearInterval(timer));
}
