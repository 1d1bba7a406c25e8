import type { Clock } from "../runtime/clock.js";

/** If this process was blocked for so large a share of a call's time, it is itself to blame for the delay. */
const SHARE = 1 / 3;
/** A client's own time-out is taken to have run for so long, in ms, where nobody looked at the clock when its call began. */
const ASSUMED_MS = 1_000;
/** So many time-outs in a row are excused. */
const IN_A_ROW = 3;
/** A time-out that comes so much later than the last, in ms, starts a new row. */
const FORGOTTEN_MS = 60_000;

/** Whether this process was blocked for a share of the time since then that matters; `lateMs` of it at least. */
export function wasBlocked(clock: Clock, now: number, began: number | undefined, lateMs = 0): boolean {
  const since = began ?? now - ASSUMED_MS;
  return now > since && Math.max(lateMs, clock.blocked?.(since) ?? 0) >= SHARE * (now - since);
}

/**
 * Which time-outs a circuit excuses, since this process itself was blocked. Calls that were under way together are
 * excused together; but a process that is blocked all the time would see nothing of its backend, so that after a few
 * in a row, each begun after the last was excused, they count.
 */
export class Excuses {
  #row = 0;
  #last = -Infinity;

  /** @param began when the call began, where that is known. */
  excuses(clock: Clock, began: number | undefined, lateMs: number): boolean {
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
