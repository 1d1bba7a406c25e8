import type { Clock } from "../runtime/clock.js";

/** A store's clock further from ours than this (some 70 years) is no clock. */
const BELIEVABLE = 2 ** 41;

/**
 * What time it is in the store. Deadlines are written in the store's clock, since those of different
 * hosts can't be compared; it is learned from the answers and carried on by the local monotonic clock.
 */
export class StoreClock {
  readonly #clock: Clock;
  #offset: number | undefined;
  /** The store was asked and has no clock: the wall clock stands in. */
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

  /** Takes a reading out of an answer to what was asked at `sent` (monotonic); says whether it was one. */
  learn(reading: unknown, sent: number): reading is number {
    if (!this.believable(reading)) return false;
    // The store read its clock somewhere between question and answer: halfway is wrong by half of it at most.
    this.#offset = reading - (sent + this.#clock.now()) / 2;
    return true;
  }

  believable(reading: unknown): reading is number {
    return typeof reading === "number" && Math.abs(reading - this.#clock.wall()) < BELIEVABLE;
  }
}
