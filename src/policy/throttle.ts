import { SlidingWindow } from "./sliding-window.js";

/** How many times the accepted calls may be sent before any is held back. */
const K = 2;

/**
 * Client-side adaptive throttling: in place of all or nothing, each process holds back the share of its calls
 * that a partly failing backend would refuse anyway. With the calls asked for and those accepted over the
 * window, a call is held back with the probability
 *
 *     max(0, (requests − K · accepts) / (requests + 1)),   K = 2
 *
 * Calls held back count as requests, so that a backend that refuses all still gets a trickle of trials.
 *
 * After "Site Reliability Engineering" (Beyer and others, 2016), chapter 21, "Client-Side Throttling".
 */
export class Throttle {
  readonly #window: SlidingWindow;

  constructor(windowMs: number) {
    this.#window = new SlidingWindow(windowMs);
  }

  /** Whether this call is held back; it counts as asked for either way. */
  holdsBack(now: number, random: number): boolean {
    const back = random < this.probability(now);
    this.#window.record(now, true, false);
    return back;
  }

  /** The backend took a call that was let through. */
  accepted(now: number): void {
    this.#window.record(now, false, true);
  }

  probability(now: number): number {
    const { failures: requests, slow: accepts } = this.#window.at(now);
    return Math.max(0, (requests - K * accepts) / (requests + 1));
  }
}
