const SLICES = 10;
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
 * Calls held back count as requests, so that a backend that refuses everything still gets a few trial calls. A call
 * that is let through counts when it has ended. If it ends as neither failure nor success, it never counts.
 *
 * After "Site Reliability Engineering" (Beyer and others, 2016), chapter 21, "Client-Side Throttling".
 */
export class Throttle {
  readonly #sliceMs: number;
  /** The newest first. */
  #slices: Slice[] = [];
  #newest = -Infinity;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  /** Whether to hold this call back. */
  holdsBack(now: number, random: number): boolean {
    const back = random < this.probability(now);
    if (back) this.#slice(now).requests++;
    return back;
  }

  /** The backend accepted a call that was let through. */
  accepted(now: number): void {
    const slice = this.#slice(now);
    slice.requests++;
    slice.accepts++;
  }

  /** The backend did not accept it. */
  failed(now: number): void {
    this.#slice(now).requests++;
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
