import type { Clock } from "./clock.js";
import { platform, requestsApart } from "./platform.js";
import { systemClock } from "./system-clock.js";
import { exactOnly } from "./time.js";

/** Time between two ticks: while somebody reads the coarse clock, and otherwise. */
const FINE_MS = 10;
const TICK_MS = 100;
/** If a tick is this late, in ms, the event loop was blocked. */
const STALL_MS = 20;
/** The last stalls are kept: at least the last ten seconds of a process that is blocked all the time. */
const STALLS = 512;

const { now } = systemClock;

/**
 * The one ticker of a process; it never keeps the process alive. It provides a clock that costs nothing to read, and
 * notices when the event loop was blocked.
 */
class Ticker {
  #at = 0;
  #due = Infinity;
  #armedBy = platform.setTimeout;
  #fine = false;
  #read = false;
  readonly #stalls: { readonly from: number; readonly to: number }[] = [];

  /** The time at the last tick, at most some ms ago. */
  coarse(): number {
    if (exactOnly()) return now();
    if (!this.#fine) this.#refine();
    this.#read = true;
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

  #refine(): void {
    this.#fine = true;
    this.#at = now();
    if (this.#due > this.#at + FINE_MS) this.#arm(FINE_MS);
  }

  #arm(ms: number): void {
    this.#armedBy = platform.setTimeout;
    this.#due = now() + ms;
    const due = this.#due;
    systemClock.after(ms, () => {
      if (due === this.#due) this.#tick();
    });
  }

  #tick(): void {
    this.#at = now();
    if (this.#at - this.#due > STALL_MS) {
      this.#stalls.push({ from: this.#due, to: this.#at });
      if (this.#stalls.length > STALLS) this.#stalls.shift();
    }
    this.#fine = this.#read;
    this.#read = false;
    this.#arm(this.#fine ? FINE_MS : TICK_MS);
  }
}

const ticker = new Ticker();

/** The runtime's clock, with the ticker's two readings. */
export const tickingClock: Clock = {
  ...systemClock,
  coarse: () => ticker.coarse(),
  blocked: (since) => ticker.blocked(since),
};
