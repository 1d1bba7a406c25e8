import { ConsecutivePolicy } from "./consecutive-policy.js";
import type { CircuitSettings } from "./settings.js";
import { type Counts, SlidingWindow } from "./sliding-window.js";
import { ThresholdPolicy } from "./threshold-policy.js";
import type { TripPolicy, TripReason } from "./trip-policy.js";

export type { TripReason } from "./trip-policy.js";

/** This many successes and no failure within this many ms, whatever the window, make another's trip doubtful. */
const DOUBT_MS = 5_000;
const DOUBT_SUCCESSES = 20;
/** A window between these two lengths shows the last `DOUBT_MS` by itself, in two slices or more. */
const SHOWS_IT_FROM_MS = DOUBT_MS;
const SHOWS_IT_UP_TO_MS = 5 * DOUBT_MS;

/** If every failure trips, and successes need not be counted, there is no rule to ask. */
export const tripsAtOnce = (settings: CircuitSettings): boolean =>
  !rates(settings) && (settings.threshold === 1 || settings.consecutive === 1);

/** Whether a rule needs to see successes. */
export const countsSuccesses = (settings: CircuitSettings): boolean =>
  rates(settings) || (settings.consecutive > 0 && !tripsAtOnce(settings));

const rates = ({ failureRate, slowCall }: CircuitSettings): boolean => failureRate > 0 || slowCall > 0;

/**
 * When the calls of this process trip the circuit: a share of failed or slow calls in the window, a number of failures
 * in it, or a number in a row, whichever comes first. Made with the first call that it records.
 */
export class TripRule implements TripPolicy {
  readonly #settings: CircuitSettings;
  readonly #window: SlidingWindow | undefined;
  /** Shows the last few seconds, if the window itself doesn't. */
  readonly #recent: SlidingWindow | undefined;
  readonly #threshold: ThresholdPolicy | undefined;
  readonly #consecutive: ConsecutivePolicy | undefined;
  #succeededAt = -Infinity;
  #slowAt = -Infinity;
  /** Slow calls in a row, and when the first of them began. */
  #slowInARow = 0;
  #rowBegan = Infinity;
  /** When this host itself last caused a failure. */
  hostFailedAt: number = -Infinity;

  constructor(settings: CircuitSettings) {
    const { failureRate, threshold, consecutive, window } = settings;
    this.#settings = settings;
    if (rates(settings)) {
      const showsIt = window >= SHOWS_IT_FROM_MS && window <= SHOWS_IT_UP_TO_MS;
      this.#window = new SlidingWindow(window);
      if (!showsIt) this.#recent = new SlidingWindow(DOUBT_MS);
    }
    // Together with a failure rate it is a condition of that rate.
    if (threshold > 0 && failureRate === 0) this.#threshold = new ThresholdPolicy(threshold, window);
    if (consecutive > 0) this.#consecutive = new ConsecutivePolicy(consecutive);
  }

  record(now: number, failed: boolean, slow: boolean): TripReason | undefined {
    const window = this.#window;
    let reason: TripReason | undefined;
    if (!failed) this.#succeededAt = now;
    if (window !== undefined) {
      const counts = window.record(now, failed, slow);
      if (this.#recent !== undefined) this.#recent.record(now, failed, slow);
      // The usual case: all is well, and there is nothing more to check.
      if (counts.failures > 0 || counts.slow > 0) reason = this.#tooMany(counts);
    }
    if (failed) reason ??= this.#threshold?.record(now, failed);
    if (this.#consecutive !== undefined) reason ??= this.#consecutive.record(now, failed);
    return reason;
  }

  /** That many calls, which began at one moment, have become slow and have not ended. */
  slowUnderWay(now: number, calls: number, began: number): TripReason | undefined {
    const counts = this.#window?.recordSlow(now, calls);
    if (counts === undefined) return undefined;
    if (calls > 0) this.#slowAt = now;
    const hangs = this.#hangs(now, calls, began, counts.calls);
    return this.#tooMany(counts) ?? (hangs ? "slow calls under way" : undefined);
  }

  /** A call has ended that was counted as slow at that moment. */
  ended(now: number, failed: boolean, countedAt: number): TripReason | undefined {
    let reason: TripReason | undefined;
    if (!failed) this.#succeededAt = now;
    else if (this.#window !== undefined) {
      const counts = this.#window.recordFailureOf(now, countedAt);
      this.#recent?.recordFailureOf(now, countedAt);
      reason = this.#tooMany(counts) ?? this.#threshold?.record(now, failed);
    }
    return reason ?? this.#consecutive?.record(now, failed);
  }

  #tooMany({ calls, failures, slow }: Counts): TripReason | undefined {
    const { failureRate, minimumCalls, slowCallRate, threshold } = this.#settings;
    if (calls < minimumCalls) return undefined;
    if (failureRate > 0 && failures >= failureRate * calls && failures >= threshold) return "failure rate";
    return slowCallRate > 0 && slow >= slowCallRate * calls ? "slow calls" : undefined;
  }

  /** A few slow calls in a row, and no success since the first of them began, for twice the time of a slow call. */
  #hangs(now: number, calls: number, began: number, inWindow: number): boolean {
    const { hangCalls, slowCall, minimumCalls } = this.#settings;
    if (this.#succeededAt > this.#rowBegan) {
      this.#slowInARow = 0;
      this.#rowBegan = Infinity;
    }
    if (began >= this.#succeededAt) {
      this.#slowInARow += calls;
      this.#rowBegan = Math.min(this.#rowBegan, began);
    }
    if (hangCalls === 0 || this.#slowInARow < hangCalls || inWindow < minimumCalls) return false;
    return now - this.#rowBegan >= 2 * slowCall;
  }

  /** The most calls that a window contained: shows when there are never enough. */
  get busiest(): number {
    return this.#window?.busiest ?? 0;
  }

  /** How many calls there were in all, and how many of them were slow. */
  get seen(): { readonly calls: number; readonly slow: number } {
    return this.#window?.seen ?? { calls: 0, slow: 0 };
  }

  /** What the window contains may be the fault of this host. */
  suspects(now: number): boolean {
    return now - this.hostFailedAt <= this.#settings.window;
  }

  /** Whether the calls of this process give reason to doubt that the backend is down. */
  doubts(now: number): boolean {
    if (now - this.#slowAt <= DOUBT_MS) return false;
    const lately = (this.#recent ?? this.#window)?.lately(now, DOUBT_MS);
    return lately !== undefined && lately.failures === 0 && lately.calls >= DOUBT_SUCCESSES;
  }

  /** How many windows it has watched so far. */
  windows(now: number): number {
    return this.#window?.watched(now) ?? 0;
  }

  clear(): void {
    this.#slowInARow = 0;
    this.#rowBegan = Infinity;
    this.#window?.clear();
    this.#recent?.clear();
    this.#threshold?.clear();
    this.#consecutive?.clear();
  }
}
