import type { Clock } from "../runtime/clock.js";

/** If this process was blocked for at least this share of a call's time, the delay is its own fault. */
const SHARE = 1 / 3;
/** A client's own time-out is assumed to have run this long, in ms, if nobody read the clock when its call began. */
const ASSUMED_MS = 1_000;
/** At most this many time-outs in a row are excused. */
const IN_A_ROW = 3;
/** A time-out that comes this much later than the last one, in ms, starts a new row. */
const FORGOTTEN_MS = 60_000;

/**
 * Whether this process was blocked for an important share of the time since `began`.
 *
 * @param lateMs how late a timer fired: the process was blocked for at least so long.
 */
export function wasBlocked(clock: Clock, now: number, began: number | undefined, lateMs = 0): boolean {
  const since = began ?? now - ASSUMED_MS;
  return now > since && Math.max(lateMs, clock.blocked?.(since) ?? 0) >= SHARE * (now - since);
}

/**
 * Decides which time-outs a circuit excuses because this process itself was blocked. Calls that ran together are
 * excused together. But a process that is always blocked would never see a fault of its backend. So time-outs count
 * after a few in a row, each of which began after the last was excused.
 */
export class Excuses {
  #row = 0;
  #last = -Infinity;

  /**
   * Whether the time-out of a call is excused.
   *
   * @param began when the call began, if that is known.
   */
  excuse(clock: Clock, began: number | undefined, lateMs: number): boolean {
    const now = clock.now();
    if (!wasBlocked(clock, now, began, lateMs)) {
      this.#row = 0;
      return false;
    }
    if (now - this.#last > FORGOTTEN_MS) this.#row = 0;
    if ((began ?? now - ASSUMED_MS) >= this.#last) {
      this.#row++;
      this.#last = now;
    }
    return this.#row <= IN_A_ROW;
  }
}
