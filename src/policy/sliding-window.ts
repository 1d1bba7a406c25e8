const SLICES = 10;
const FIELDS = 3;

/** What there was in some time. */
export interface Counts {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

const NONE: Counts = { calls: 0, failures: 0, slow: 0 };

/**
 * How many calls there were of late, how many failed and how many were slow: ten slices of the window, the current
 * one begun and nine whole ones, so that nothing in it is ever older than the window. A call adds to the totals alone;
 * what a slice had is worked out when it is over.
 */
export class SlidingWindow {
  readonly #sliceMs: number;
  readonly #totals = { calls: 0, failures: 0, slow: 0 };
  /** Calls, failures and slow ones of each slice that is over, where its number says. */
  readonly #slices: number[] = Array<number>(SLICES * FIELDS).fill(0);
  /** What the totals were, of slices still in the window, when the newest began. */
  #before: Counts = NONE;
  /** The number of the newest slice, counted from the clock's zero, and when it is over. */
  #newest = -Infinity;
  #over = -Infinity;
  #busiest = 0;
  /** Of all slices that are over. */
  #seen = { calls: 0, slow: 0 };
  /** When it began to count. */
  #since: number | undefined;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  /** What the window holds then, the call included. */
  record(now: number, failed: boolean, slow: boolean): Counts {
    const totals = this.#totals;
    if (now >= this.#over) this.#advance(now);
    totals.calls++;
    if (failed) totals.failures++;
    if (slow) totals.slow++;
    return totals;
  }

  /** Calls that are slow and still under way are calls as well. */
  recordSlow(now: number, calls: number): Counts {
    const totals = this.#totals;
    if (now >= this.#over) this.#advance(now);
    totals.calls += calls;
    totals.slow += calls;
    return totals;
  }

  /** A call that was recorded as slow at that moment has failed: where the window still holds it, it is no other call. */
  recordFailureOf(now: number, recordedAt: number): Counts {
    if (now >= this.#over) this.#advance(now);
    this.#totals.failures++;
    if (Math.floor(recordedAt / this.#sliceMs) <= this.#newest - SLICES) this.#totals.calls++;
    return this.#totals;
  }

  /** What the window holds now; it changes with the next call. */
  at(now: number): Counts {
    if (now >= this.#over) this.#advance(now);
    return this.#totals;
  }

  /** The most calls that it held at a time. */
  get busiest(): number {
    return Math.max(this.#busiest, this.#totals.calls);
  }

  /** How many calls it has had in all, and how many of them were slow; the newest slice apart. */
  get seen(): { readonly calls: number; readonly slow: number } {
    return this.#seen;
  }

  /** How many windows have passed since its first call. */
  watched(now: number): number {
    return (now - (this.#since ?? now)) / (this.#sliceMs * SLICES);
  }

  /** Calls and failures of the last `ms` alone, as far back as the window goes. */
  lately(now: number, ms: number): { readonly calls: number; readonly failures: number } {
    if (now >= this.#over) this.#advance(now);
    const slices = Math.min(SLICES, Math.max(1, Math.floor(ms / this.#sliceMs)));
    let { calls, failures } = this.#current;
    for (let back = 1; back < slices; back++) {
      const at = placeOf(this.#newest - back);
      calls += this.#slices[at] as number;
      failures += this.#slices[at + 1] as number;
    }
    return { calls, failures };
  }

  clear(): void {
    this.#see(this.#current);
    this.#busiest = this.busiest;
    this.#slices.fill(0);
    this.#before = NONE;
    Object.assign(this.#totals, NONE);
  }

  /** What the newest slice has so far. */
  get #current(): Counts {
    const { calls, failures, slow } = this.#totals;
    const before = this.#before;
    return { calls: calls - before.calls, failures: failures - before.failures, slow: slow - before.slow };
  }

  #see({ calls, slow }: Counts): void {
    this.#seen = { calls: this.#seen.calls + calls, slow: this.#seen.slow + slow };
  }

  #keep(slice: number, { calls, failures, slow }: Counts): void {
    this.#slices.splice(placeOf(slice), FIELDS, calls, failures, slow);
  }

  /** Lets go of the slices that are no longer in the window; a clock that goes back changes nothing. */
  #advance(now: number): void {
    const slice = Math.floor(now / this.#sliceMs);
    if (slice <= this.#newest) return;
    this.#since ??= now;
    this.#busiest = this.busiest;
    const totals = this.#totals;
    if (slice - this.#newest >= SLICES) this.clear();
    else {
      this.#see(this.#current);
      this.#keep(this.#newest, this.#current);
      for (let each = this.#newest + 1; each <= slice; each++) {
        const at = placeOf(each);
        totals.calls -= this.#slices[at] as number;
        totals.failures -= this.#slices[at + 1] as number;
        totals.slow -= this.#slices[at + 2] as number;
        this.#keep(each, NONE);
      }
    }
    this.#before = { ...totals };
    this.#newest = slice;
    this.#over = (slice + 1) * this.#sliceMs;
  }
}

/** Where a slice's counts are; clocks may count from anywhere, and slices before zero have numbers too. */
const placeOf = (slice: number): number => (((slice % SLICES) + SLICES) % SLICES) * FIELDS;
