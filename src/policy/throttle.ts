const SLICES = 10;
/** So many times in a window at least one call is let through, and the surplus is halved if those end well. */
const TRIALS = 24;
/** After a failure, not sooner than this, in ms: at few calls a second, a short window would let all of them through. */
const AFTER_FAILURE_MS = 5_000;
/** How many times the accepted calls may be sent before any call is held back. */
const K = 2;

interface Slice {
  requests: number;
  accepts: number;
}

/**
 * Client-side adaptive throttling. Instead of all or nothing, each process holds back the share of its calls that a
 * partly failing backend would refuse anyway. From the calls requested and those accepted over the window, a call is
 * held back with the probability
 *
 *     max(0, (requests − K · accepts) / (requests + 1)),   K = 2
 *
 * Calls held back count as requests. A call that is let through counts when it has ended. If it ends as neither failure
 * nor success, it never counts.
 *
 * After an outage of all calls the formula alone would let hardly any call through for many windows. So at least one
 * goes through in each 24th of the window, but not sooner than 5 s after a failure. While none of those let through
 * fails, the requests that were not accepted are halved in each such time.
 *
 * After "Site Reliability Engineering" (Beyer and others, 2016), chapter 21, "Client-Side Throttling".
 */
export class Throttle {
  readonly #sliceMs: number;
  /** The newest first. */
  #slices: Slice[] = [];
  #newest = -Infinity;
  readonly #trialMs: number;
  /** When a call was last let through while others were held back, or ended. */
  #passedAt = -Infinity;
  /** All calls that ended since then were accepted. */
  #wellSince = Infinity;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
    this.#trialMs = windowMs / TRIALS;
  }

  /** Whether to hold this call back. */
  holdsBack(now: number, random: number): boolean {
    const probability = this.probability(now);
    if (probability === 0) return false;
    const failed = this.#wellSince === Infinity;
    const trialMs = failed ? Math.max(this.#trialMs, AFTER_FAILURE_MS) : this.#trialMs;
    if (random < probability && now - this.#passedAt < trialMs) {
      this.#slice(now).requests++;
      return true;
    }
    this.#passedAt = now;
    return false;
  }

  /** The backend accepted a call that was let through. */
  accepted(now: number): void {
    const slice = this.#slice(now);
    slice.requests++;
    slice.accepts++;
    this.#passedAt = now;
    if (now < this.#wellSince) this.#wellSince = now;
    if (now - this.#wellSince < this.#trialMs) return;
    this.#wellSince = now;
    for (const each of this.#slices)
      each.requests = (each.requests + Math.min(each.requests, K * each.accepts)) / 2;
  }

  /** The backend did not accept it. */
  failed(now: number): void {
    this.#slice(now).requests++;
    this.#passedAt = now;
    this.#wellSince = Infinity;
  }

  probability(now: number): number {
    this.#slice(now);
    let [requests, accepts] = [0, 0];
    for (const slice of this.#slices) {
      requests += slice.requests;
      accepts += slice.accepts;
    }
    return Math.max(0, (requests - K * accepts) / (requests + 1));
  }

  /** The slice of the window for this moment. If the clock goes back, it is the newest slice. */
  #slice(now: number): Slice {
    const number = Math.floor(now / this.#sliceMs);
    if (number > this.#newest) {
      const passed = Math.min(number - this.#newest, SLICES);
      const fresh = Array.from({ length: passed }, () => ({ requests: 0, accepts: 0 }));
      this.#slices = [...fresh, ...this.#slices].slice(0, SLICES);
      this.#newest = number;
    }
    return this.#slices[0] as Slice;
  }
}
