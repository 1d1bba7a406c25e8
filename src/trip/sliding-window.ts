const SLICES = 10;
const FIELDS = 3;
const CALLS = 0;
const FAILURES = 1;
const SLOW = 2;

/**
 * How many calls there were of late, how many failed and how many were slow: ten slices of the window in one
 * fixed array, the current one begun and nine whole ones, so that nothing in it is ever older than the window.
 */
export class SlidingWindow {
  readonly #counts = new Uint32Array(SLICES * FIELDS);
  readonly #totals = new Uint32Array(FIELDS);
  readonly #sliceMs: number;
  /** The number of the newest slice, counted from the clock's zero, where its counts are, and when it is over. */
  #newest = -Infinity;
  #at = 0;
  #over = -Infinity;
  #busiest = 0;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  record(now: number, failed: boolean, slow: boolean): void {
    if (now >= this.#over) this.#advance(now);
    this.#add(CALLS);
    if (failed) this.#add(FAILURES);
    if (slow) this.#add(SLOW);
  }

  calls(now: number): number {
    return this.#total(now, CALLS);
  }

  failures(now: number): number {
    return this.#total(now, FAILURES);
  }

  slow(now: number): number {
    return this.#total(now, SLOW);
  }

  /** The most calls that it held at a time. */
  get busiest(): number {
    return Math.max(this.#busiest, this.#totals[CALLS] as number);
  }

  /** Calls and failures of the last `ms` alone, as far back as the window goes. */
  lately(now: number, ms: number): { readonly calls: number; readonly failures: number } {
    if (now >= this.#over) this.#advance(now);
    const slices = Math.min(SLICES, Math.max(1, Math.floor(ms / this.#sliceMs)));
    let calls = 0;
    let failures = 0;
    for (let back = 0; back < slices; back++) {
      const at = ((((this.#newest - back) % SLICES) + SLICES) % SLICES) * FIELDS;
      calls += this.#counts[at + CALLS] as number;
      failures += this.#counts[at + FAILURES] as number;
    }
    return { calls, failures };
  }

  clear(): void {
    this.#busiest = this.busiest;
    this.#counts.fill(0);
    this.#totals.fill(0);
  }

  #total(now: number, field: number): number {
    if (now >= this.#over) this.#advance(now);
    return this.#totals[field] as number;
  }

  #add(field: number): void {
    const at = this.#at + field;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#totals[field] = (this.#totals[field] as number) + 1;
  }

  /** Lets go of the slices that are no longer in the window; a clock that goes back changes nothing. */
  #advance(now: number): void {
    const slice = Math.floor(now / this.#sliceMs);
    if (slice <= this.#newest) return;
    this.#busiest = this.busiest;
    if (slice - this.#newest >= SLICES) this.clear();
    else {
      for (let each = this.#newest + 1; each <= slice; each++) {
        const at = (each % SLICES) * FIELDS;
        for (let field = 0; field < FIELDS; field++) {
          this.#totals[field] = (this.#totals[field] as number) - (this.#counts[at + field] as number);
          this.#counts[at + field] = 0;
        }
      }
    }
    this.#newest = slice;
    this.#at = (((slice % SLICES) + SLICES) % SLICES) * FIELDS;
    this.#over = (slice + 1) * this.#sliceMs;
  }
}
