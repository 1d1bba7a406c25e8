/** This many of the last answers count. */
const KEPT = 7;
/** The shortest and the longest wait for a lease, in ms. */
const SHORTEST_MS = 20;
const LONGEST_MS = 250;

/** How long the store has taken to answer lately. */
export class AnswerTimes {
  readonly #last: number[] = [];
  /** When the newest answer came. */
  heardAt: number = -Infinity;

  /** An answer came now; its question was sent at `sent`. */
  note(sent: number, now: number): void {
    this.heardAt = now;
    this.#last.push(now - sent);
    if (this.#last.length > KEPT) this.#last.shift();
  }

  /** How long a caller may wait for a lease, in ms: twice the median answer. */
  get leaseWaitMs(): number {
    const median = [...this.#last].sort((a, b) => a - b)[this.#last.length >> 1] ?? 0;
    return Math.min(Math.max(2 * median, SHORTEST_MS), LONGEST_MS);
  }
}
