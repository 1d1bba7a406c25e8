import type { Clock } from "../runtime/clock.js";

/** If a store's clock differs from ours by more than this (some 70 years), it is not a clock. */
const BELIEVABLE = 2 ** 41;

/**
 * The time in the store. Deadlines are written in the store's clock, because the clocks of different hosts can't be
 * compared. It is learned from the store's answers, and the local monotonic clock carries it on.
 */
export class StoreClock {
  readonly #clock: Clock;
  #offset: number | undefined;
  /** The offset is known by pushes alone. */
  #heard = false;
  /** The store was asked and has no clock: the wall clock is used instead. */
  absent = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get known(): boolean {
    return this.#offset !== undefined || this.absent;
  }

  now(): number {
    return this.#offset === undefined ? this.#clock.wall() : this.#clock.now() + this.#offset;
  }

  /** Takes a reading from an answer to a question sent at `sent` (monotonic). Returns whether it was a usable one. */
  learn(reading: unknown, sent: number): reading is number {
    if (!this.believable(reading)) return false;
    // The store read its clock between question and answer. The middle is wrong by at most half of that time.
    this.#offset = reading - (sent + this.#clock.now()) / 2;
    this.#heard = false;
    return true;
  }

  /**
   * Takes a reading that came with a push, whose age is unknown: the store's time is that or later. It counts where no
   * answer of the store has a clock.
   */
  hear(reading: unknown): void {
    if (!this.believable(reading) || (this.#offset !== undefined && !this.#heard)) return;
    this.#offset = Math.max(this.#offset ?? -Infinity, reading - this.#clock.now());
    this.#heard = true;
  }

  believable(reading: unknown): reading is number {
    return typeof reading === "number" && Math.abs(reading - this.#clock.wall()) < BELIEVABLE;
  }
}
