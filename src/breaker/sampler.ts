import type { Clock } from "../runtime/clock.js";

/** So many calls of each round are timed, and no more. */
const WANTED = 32;
/** The last durations that are kept. */
const KEPT = 64;
/** What a round weighs less than the one after it. */
const DECAY = 0.8;

/** Who has a sampler, while it wants calls. */
export interface Sampled {
  sampler: Sampler | undefined;
  renewAdmission(): void;
}

/**
 * Counts and times the first few calls of each round, so that all others pay nothing for it. Of a circuit with fewer
 * calls than that the count is exact, and otherwise an estimate by how soon they came.
 */
export class Sampler {
  readonly #clock: Pick<Clock, "now">;
  #total = 0;
  #taken = 0;
  #armedAt = 0;
  #filledAt: number | undefined;
  /** Calls taken, and the ms in which they came, of the last rounds. */
  #calls = 0;
  #ms = 0;
  #durations: number[] = [];
  #next = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Begins a round. */
  arm(sampled: Sampled): void {
    this.#endRound(this.#clock.now());
    sampled.sampler = this;
    sampled.renewAdmission();
  }

  /** Makes one of the calls. */
  time<T>(sampled: Sampled, call: () => T): T {
    const began = this.#clock.now();
    if (++this.#taken >= WANTED) {
      this.#filledAt = began;
      sampled.sampler = undefined;
    }
    const ended = (): void => this.#note(this.#clock.now() - began);
    let result: T;
    try {
      result = call();
    } catch (error) {
      ended();
      throw error;
    }
    if (!(result instanceof Promise)) {
      ended();
      return result;
    }
    return result.then(
      (value: unknown) => {
        ended();
        return value;
      },
      (error: unknown) => {
        ended();
        throw error;
      },
    ) as T;
  }

  /** How many calls there were. */
  get total(): number {
    return Math.round(this.#total + (this.#filledAt === undefined ? this.#taken : WANTED));
  }

  /** Of the last calls that were timed, in ms; `undefined` before the first. */
  get latencyMs(): { readonly p50: number; readonly p99: number } | undefined {
    if (this.#durations.length === 0) return undefined;
    const sorted = [...this.#durations].sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
    return { p50: at(0.5), p99: at(0.99) };
  }

  #endRound(now: number): void {
    const tookMs = (this.#filledAt ?? now) - this.#armedAt;
    if (this.#taken > 0) {
      this.#calls = this.#calls * DECAY + this.#taken;
      this.#ms = this.#ms * DECAY + tookMs;
    }
    const estimate = this.#ms === 0 ? 0 : (this.#calls / this.#ms) * (now - this.#armedAt);
    this.#total += this.#filledAt === undefined ? this.#taken : Math.max(this.#taken, estimate);
    this.#taken = 0;
    this.#armedAt = now;
    this.#filledAt = undefined;
  }

  #note(ms: number): void {
    this.#durations[this.#next] = ms;
    this.#next = (this.#next + 1) % KEPT;
  }
}
