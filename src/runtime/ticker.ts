import type { Clock } from "./clock.js";
import { platform, requestsApart } from "./platform.js";
import { systemClock } from "./system-clock.js";
import { time } from "./time.js";

/** Time between two ticks: while somebody reads the coarse clock, and otherwise. */
const FINE_MS = 10;
const TICK_MS = 100;
/** If a tick is this late, in ms, the event loop was blocked. */
const STALL_MS = 20;
/** The last stalls are kept: at least the last ten seconds of a process that is blocked all the time. */
const STALLS = 512;

const { now, wall, random, after } = systemClock;

/**
 * The runtime's clock, with a ticker; it never keeps the process alive. The ticker provides a reading that costs next
 * to nothing, and notices when the event loop was blocked.
 */
class TickingClock implements Clock {
  readonly now: Clock["now"] = now;
  readonly wall: Clock["wall"] = wall;
  readonly random: Clock["random"] = random;
  readonly after: Clock["after"] = after;
  #at = 0;
  #due = Infinity;
  #armedBy = platform.setTimeout;
  /** Nobody has read the coarse clock since the last tick. */
  #unread = true;
  readonly #stalls: { readonly from: number; readonly to: number }[] = [];

  /** The time at the first reading since the last tick, at most some ms ago. */
  coarse(): number {
    if (time.exactOnly) return now();
    if (this.#unread) this.#readFirst();
    return this.#at;
  }

  /** For how many ms since then the event loop was blocked. */
  blocked(since: number): number {
    // The ticker ends with its request. Its delay says nothing about another request.
    if (requestsApart) return 0;
    const moment = now();
    // A test framework's timer is gone when its fake time ends.
    if (this.#due === Infinity || this.#armedBy !== platform.setTimeout) this.#arm(TICK_MS);
    let ms = 0;
    for (const { from, to } of this.#stalls) ms += Math.max(0, to - Math.max(from, since));
    if (moment - this.#due <= STALL_MS) return ms;
    // Either the loop is blocked now, or the timer ended with the request in which it was started, as on some runtimes.
    // If it was already late before that moment, the second is assumed, and a new timer is started.
    if (since <= this.#due) return ms + moment - this.#due;
    this.#arm(TICK_MS);
    return ms;
  }

  #readFirst(): void {
    this.#unread = false;
    this.#at = now();
    if (this.#due > this.#at + FINE_MS) this.#arm(FINE_MS);
  }

  #arm(ms: number): void {
    this.#armedBy = platform.setTimeout;
    this.#due = now() + ms;
    const due = this.#due;
    after(ms, () => {
      if (due === this.#due) this.#tick();
    });
  }

  #tick(): void {
    const moment = now();
    if (moment - this.#due > STALL_MS) {
      this.#stalls.push({ from: this.#due, to: moment });
      if (this.#stalls.length > STALLS) this.#stalls.shift();
    }
    this.#arm(this.#unread ? TICK_MS : FINE_MS);
    this.#unread = true;
  }
}

/** The one clock of a process that ticks. */
export const tickingClock: Clock = new TickingClock();
