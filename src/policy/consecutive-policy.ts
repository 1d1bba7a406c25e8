import type { TripPolicy, TripReason } from "./trip-policy.js";

/** Trips after a number of failures in a row, however long that takes. Any success starts the count again. */
export class ConsecutivePolicy implements TripPolicy {
  readonly #most: number;
  #failures = 0;

  constructor(consecutive: number) {
    this.#most = consecutive;
  }

  record(_: number, failed: boolean): TripReason | undefined {
    this.#failures = failed ? this.#failures + 1 : 0;
    return this.#failures >= this.#most ? "failure" : undefined;
  }

  clear(): void {
    this.#failures = 0;
  }
}
