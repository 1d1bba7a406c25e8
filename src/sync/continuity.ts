/** What a read has to remember until its end, to know whether something was missed meanwhile. */
export interface ReadMark {
  /** How many gaps there had been when it began, and how often this process had been suspended. */
  readonly gaps: number;
  readonly sleeps: number;
}

/** Whether this process may have missed news of the fleet, and since when. */
export class Continuity {
  /** Nothing was missed since the last read, so what arrives now is new. */
  unbroken = false;
  /** When something may last have been missed. */
  missedAt: number = -Infinity;
  /** When the newest successful read was sent. */
  readAt: number = -Infinity;
  #gaps = 0;
  #sleeps = 0;

  /** How often the process was suspended, as far as it knows. */
  get sleeps(): number {
    return this.#sleeps;
  }

  /** A read begins. */
  mark(): ReadMark {
    return { gaps: this.#gaps, sleeps: this.#sleeps };
  }

  /** The read that was sent at that moment brought all there is. */
  read(sent: number, { gaps }: ReadMark): void {
    this.readAt = Math.max(this.readAt, sent);
    this.unbroken = gaps === this.#gaps;
  }

  /** From now on what arrived may be incomplete. */
  missed(now: number): void {
    this.#gaps++;
    this.missedAt = now;
    this.unbroken = false;
  }

  slept(now: number): void {
    this.#sleeps++;
    this.missed(now);
  }
}
