import type { Clock } from "./clock.js";
import { systemClock } from "./system-clock.js";
import { exactOnly } from "./time.js";

/** Between two ticks: while somebody reads the coarse clock, and otherwise. */
const FINE_MS = 10;
const TICK_MS = 100;
/** A tick so late, in ms, and the event loop was blocked. */
const STALL_MS = 100;
/** What times out so soon after a stall, in ms, may have been held up by it; shorter after a short one. */
const AFTERMATH_MS = 1_000;

const { now } = systemClock;

/**
 * The one ticker of a process, which never keeps it alive: it carries a clock that costs nothing to read, and
 * notices when the event loop was blocked.
 */
class Ticker {
  #at = 0;
  #due = Infinity;
  #fine = false;
  #read = false;
  #blamedUntil = 0;

  /** The time as of the last tick, at most some ms old. */
  coarse(): number {
    if (exactOnly()) return now();
    if (!this.#fine) {
      this.#fine = true;
      this.#at = now();
      if (this.#due > this.#at + FINE_MS) this.#arm(FINE_MS);
    }
    this.#read = true;
    return this.#at;
  }

  /** Whether the event loop is, or was just now, so far behind that a time-out says nothing of a backend. */
  stalled(): boolean {
    const moment = now();
    if (this.#due === Infinity) this.#arm(TICK_MS);
    return moment < this.#blamedUntil || moment - this.#due > STALL_MS;
  }

  #arm(ms: number): void {
    this.#due = now() + ms;
    const due = this.#due;
    systemClock.after(ms, () => {
      if (due === this.#due) this.#tick();
    });
  }

  #tick(): void {
    this.#at = now();
    const late = this.#at - this.#due;
    if (late > STALL_MS) this.#blamedUntil = this.#at + Math.min(late, AFTERMATH_MS);
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
  stalled: () => ticker.stalled(),
};
