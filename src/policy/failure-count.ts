/** The last failures by their moments: so many within the window and the circuit trips. Exact, and of a fixed size. */
export class FailureCount {
  readonly #moments: Float64Array;
  readonly #window: number;
  #next = 0;

  constructor(threshold: number, window: number) {
    this.#moments = new Float64Array(threshold).fill(-Infinity);
    this.#window = window;
  }

  /** Counts one, and says whether it is the one too many. */
  failed(now: number): boolean {
    this.#moments[this.#next] = now;
    this.#next = (this.#next + 1) % this.#moments.length;
    return now - (this.#moments[this.#next] as number) <= this.#window;
  }

  clear(): void {
    this.#moments.fill(-Infinity);
  }
}
