import type { TripPolicy, TripReason } from "./trip-policy.js";

/** Trips after a number of failures within the window. Exact, and of fixed size. */
export class ThresholdPolicy implements TripPolicy {
  /** When the last failures were. */
  readonly #moments: Float64Array;
  readonly #windowMs: number;
  #next = 0;

  constructor(threshold: number, windowMs: number) {
    this.#moments = new Float64Array(threshold).fill(-Infinity);
    this.#windowMs = windowMs;
  }

  record(now: number, failed: boolean): TripReason | undefined {
    if (!failed) return undefined;
    this.#moments[this.#next] = now;
    this.#next = (this.#next + 1) % this.#moments.length;
    return now - (this.#moments[this.#next] as number) <= this.#windowMs ? "failure" : undefined;
  }

  clear(): void {
    this.#moments.fill(-Infinity);
  }
}
