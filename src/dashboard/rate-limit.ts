import type { Clock } from "../runtime/clock.js";

/** Lets `burst` requests through at once, and one more every `everyMs`. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #everyMs: number;
  #left: number;
  #at: number;

  constructor(clock: Clock, burst: number, everyMs: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#everyMs = everyMs;
    this.#left = burst;
    this.#at = clock.now();
  }

  /** Seconds to wait, at least 1; 0 if the request may pass. */
  take(): number {
    const now = this.#clock.now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) / this.#everyMs);
    this.#at = now;
    if (this.#left < 1) return Math.max(1, Math.ceil(((1 - this.#left) * this.#everyMs) / 1_000));
    this.#left--;
    return 0;
  }
}
