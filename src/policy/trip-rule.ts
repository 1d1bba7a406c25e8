import { ConsecutivePolicy } from "./consecutive-policy.js";
import type { CircuitSettings } from "./settings.js";
import { SlidingWindow } from "./sliding-window.js";
import { ThresholdPolicy } from "./threshold-policy.js";
import type { TripPolicy, TripReason } from "./trip-policy.js";

export type { TripReason } from "./trip-policy.js";

/** So many successes and no failure within so many ms, whatever the window, are evidence against another's trip. */
const VETO_MS = 5_000;
const VETO_SUCCESSES = 20;
/** A window from the one length to the other tells of that time itself: by half a dozen of its slices, or by two. */
const TELLS_FROM_MS = VETO_MS;
const TELLS_UP_TO_MS = 5 * VETO_MS;

/** Where every failure trips, and successes need no counting, there is no rule to ask. */
export const tripsAtOnce = (settings: CircuitSettings): boolean =>
  !rates(settings) && (settings.threshold === 1 || settings.consecutive === 1);

/** Whether a rule is to be told of successes. */
export const countsSuccesses = (settings: CircuitSettings): boolean =>
  rates(settings) || (settings.consecutive > 0 && !tripsAtOnce(settings));

const rates = ({ failureRate, slowCall }: CircuitSettings): boolean => failureRate > 0 || slowCall > 0;

/**
 * When the calls of this process trip the circuit: a share of failed or of slow calls in the window, so many failures
 * in it, or so many in a row, whichever is met first. Made with the first call that it records.
 */
export class TripRule implements TripPolicy {
  readonly #settings: CircuitSettings;
  readonly #window: SlidingWindow | undefined;
  /** What of the window, or beside it, tells of the last few seconds. */
  readonly #recent: SlidingWindow | undefined;
  readonly #threshold: TripPolicy | undefined;
  readonly #consecutive: TripPolicy | undefined;
  /** When a failure last came from this host itself. */
  suspected: number = -Infinity;

  constructor(settings: CircuitSettings) {
    const { failureRate, threshold, consecutive, window } = settings;
    this.#settings = settings;
    if (rates(settings)) {
      const tells = window >= TELLS_FROM_MS && window <= TELLS_UP_TO_MS;
      this.#window = new SlidingWindow(window);
      this.#recent = tells ? this.#window : new SlidingWindow(VETO_MS);
    }
    // Beside a rate of failures it is that rate's own condition.
    if (threshold > 0 && failureRate === 0) this.#threshold = new ThresholdPolicy(threshold, window);
    if (consecutive > 0) this.#consecutive = new ConsecutivePolicy(consecutive);
  }

  record(now: number, failed: boolean, slow: boolean): TripReason | undefined {
    const window = this.#window;
    let reason: TripReason | undefined;
    if (window !== undefined) {
      const counts = window.record(now, failed, slow);
      if (this.#recent !== window) this.#recent?.record(now, failed, slow);
      const { calls, failures } = counts;
      const { failureRate, minimumCalls, slowCallRate, threshold } = this.#settings;
      if (calls >= minimumCalls) {
        if (failureRate > 0 && failures >= failureRate * calls && failures >= threshold)
          reason = "failure rate";
        else if (slowCallRate > 0 && counts.slow >= slowCallRate * calls) reason = "slow calls";
      }
    }
    if (failed) reason ??= this.#threshold?.record(now, failed, slow);
    return reason ?? this.#consecutive?.record(now, failed, slow);
  }

  /** The most calls that a window held, for telling that there are never enough. */
  get busiest(): number {
    return this.#window?.busiest ?? 0;
  }

  /** What the window holds may be this host's own doing. */
  suspects(now: number): boolean {
    return now - this.suspected <= this.#settings.window;
  }

  /** This process has reason to doubt that the backend is down. */
  vetoes(now: number): boolean {
    const lately = this.#recent?.lately(now, VETO_MS);
    return lately !== undefined && lately.failures === 0 && lately.calls >= VETO_SUCCESSES;
  }

  /** Windows that it has watched so far. */
  windows(now: number): number {
    return this.#window?.watched(now) ?? 0;
  }

  clear(): void {
    this.#window?.clear();
    this.#recent?.clear();
    this.#threshold?.clear();
    this.#consecutive?.clear();
  }
}
