import type { Clock } from "../runtime/clock.js";

/** At most this many calls of each round are timed. */
const WANTED = 32;
/** This many durations are kept, the latest ones. */
const KEPT = 64;
/** How much less a round weighs than the one after it. */
const DECAY = 0.8;

/** What carries a sampler while the sampler wants calls. */
export interface Sampled {
  sampler: Sampler | undefined;
  renewAdmission(): void;
}

/**
 * Counts and times the first few calls of each round, so that all other calls pay nothing for it. If a circuit has
 * fewer calls than that, the count is exact; otherwise it is estimated from how quickly they came.
 */
export class Sampler {
  readonly #clock: Pick<Clock, "now">;
  #total = 0;
  #taken = 0;
  #armedAt = 0;
  #filledAt: number | undefined;
  /** The calls taken in the last rounds, and the ms in which they came. */
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

  /** Makes and times one of the calls. */
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
    return Math.round(this.#total + this.#taken);
  }

  /** Durations of the last calls that were timed, in ms; `undefined` before the first one. */
  get latencyMs(): { readonly p50: number; readonly p99: number } | undefined {
    if (this.#durations.length === 0) return undefined;
    const sorted = [...this.#durations].sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] as number;
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
