/** A timer of the platform's; one that doesn't keep the process alive by itself has `unref`. */
type Interval = { unref?(): unknown } | number;

interface Timers {
  setInterval(run: () => void, ms: number): Interval;
  clearInterval(timer: Interval): void;
}

/** Those of load time: a test framework's fake time has nothing to do with whether the process lives. */
const { setInterval, clearInterval } = globalThis as unknown as Timers;
/** It does nothing, so it fires as rarely as possible. */
const RARELY_MS = 2 ** 30;

/**
 * Keeps the process alive until the promise settles. All timers and connections here let a process end, but somebody
 * waits for this one: a script's last line, say. Where timers have no `unref`, they keep it alive by themselves.
 */
export function keepAlive<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, RARELY_MS);
  if (typeof timer === "number") {
    clearInterval(timer);
    return promise;
  }
  return promise.finally(() => clearInterval(timer));
}
