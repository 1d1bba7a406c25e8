import { FailureCount } from "./failure-count.js";
import type { CircuitSettings } from "./settings.js";
import { SlidingWindow } from "./sliding-window.js";

/** So many successes and no failure within so many ms are evidence against another's trip. */
const VETO_MS = 5_000;
const VETO_SUCCESSES = 20;

/** Why the calls of this process trip a circuit. */
export type TripReason = "failure" | "failure rate" | "slow calls";

/** Where every failure trips, and successes need no counting, there is no rule to ask. */
export const tripsAtOnce = (settings: CircuitSettings): boolean =>
  settings.threshold === 1 && !countsSuccesses(settings);

export const countsSuccesses = ({ failureRate, slowCall }: CircuitSettings): boolean =>
  failureRate > 0 || slowCall > 0;

/**
 * When the calls of this process trip the circuit: so many failures within the window, or a share of failed
 * or of slow calls in it. Made with the first call that it records.
 */
export class TripRule {
  readonly #settings: CircuitSettings;
  readonly #count: FailureCount | undefined;
  readonly #window: SlidingWindow | undefined;
  /** When a failure last came from this host itself. */
  suspected: number = -Infinity;

  constructor(settings: CircuitSettings) {
    const { failureRate, threshold, window } = settings;
    this.#settings = settings;
    this.#count = failureRate === 0 && threshold > 1 ? new FailureCount(threshold, window) : undefined;
    this.#window = countsSuccesses(settings) ? new SlidingWindow(window) : undefined;
  }

  /** Records a call; says why it trips the circuit, if it does. */
  record(now: number, failed: boolean, slow: boolean): TripReason | undefined {
    const { failureRate, minimumCalls, slowCallRate, threshold } = this.#settings;
    const window = this.#window;
    if (window !== undefined) {
      const counts = window.record(now, failed, slow);
      const { calls } = counts;
      if (calls >= minimumCalls) {
        if (failureRate > 0 && counts.failures >= failureRate * calls) return "failure rate";
        if (slowCallRate > 0 && counts.slow >= slowCallRate * calls) return "slow calls";
      }
    }
    if (!failed || failureRate > 0) return undefined;
    return threshold === 1 || this.#count?.failed(now) ? "failure" : undefined;
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
    const lately = this.#window?.lately(now, VETO_MS);
    return lately !== undefined && lately.failures === 0 && lately.calls >= VETO_SUCCESSES;
  }

  /** Windows that it has watched so far. */
  windows(now: number): number {
    return this.#window?.watched(now) ?? 0;
  }

  clear(): void {
    this.#count?.clear();
    this.#window?.clear();
  }
}
