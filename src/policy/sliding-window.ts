const SLICES = 10;
const FIELDS = 3;

/** The counts of some period. */
export interface Counts {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

const NONE: Counts = { calls: 0, failures: 0, slow: 0 };

/**
 * Counts recent calls, failures and slow calls in ten slices of the window: the current one and nine complete ones, so
 * that nothing counted is ever older than the window. A call only adds to the totals; the counts of a slice are
 * computed when the slice is over.
 */
export class SlidingWindow {
  readonly #sliceMs: number;
  readonly #totals = { calls: 0, failures: 0, slow: 0 };
  /** Calls, failures and slow calls of each complete slice, at the place given by its number. */
  readonly #slices: number[] = Array<number>(SLICES * FIELDS).fill(0);
  /** The totals, over slices still in the window, at the time when the newest slice began. */
  #before: Counts = NONE;
  /** The number of the newest slice, counted from the clock's zero, and when that slice is over. */
  #newest = -Infinity;
  #over = -Infinity;
  #busiest = 0;
  /** Totals over all complete slices. */
  #seen = { calls: 0, slow: 0 };
  /** When it began to count. */
  #since: number | undefined;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  /** Records a call; returns the counts of the window, including this call. */
  record(now: number, failed: boolean, slow: boolean): Counts {
    const totals = this.#totals;
    if (now >= this.#over) this.#advance(now);
    totals.calls++;
    if (failed) totals.failures++;
    if (slow) totals.slow++;
    return totals;
  }

  /** Calls that are slow and have not ended count as calls too. */
  recordSlow(now: number, calls: number): Counts {
    const totals = this.#totals;
    this.#advance(now);
    totals.calls += calls;
    totals.slow += calls;
    return totals;
  }

  /**
   * A call failed that was recorded as slow at that moment. If the window still contains it, it is not counted again.
   */
  recordFailureOf(now: number, recordedAt: number): Counts {
    this.#advance(now);
    this.#totals.failures++;
    if (Math.floor(recordedAt / this.#sliceMs) <= this.#newest - SLICES) this.#totals.calls++;
    return this.#totals;
  }

  /** The most calls that it ever contained. */
  get busiest(): number {
    return Math.max(this.#busiest, this.#totals.calls);
  }

  /** How many calls there have been in all, and how many of them were slow, without the newest slice. */
  get seen(): { readonly calls: number; readonly slow: number } {
    return this.#seen;
  }

  /** How many windows have passed since the first call. */
  watched(now: number): number {
    return (now - (this.#since ?? now)) / (this.#sliceMs * SLICES);
  }

  /** Calls and failures of the last `ms` only, or of the whole window if it is shorter. */
  lately(now: number, ms: number): { readonly calls: number; readonly failures: number } {
    this.#advance(now);
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

  /** The counts of the newest slice so far. */
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

  /** Removes the slices that have left the window. If the clock goes back, nothing changes. */
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

/** Where a slice's counts are stored. Clocks may count from anywhere, so slices before zero have numbers too. */
const placeOf = (slice: number): number => (((slice % SLICES) + SLICES) % SLICES) * FIELDS;
