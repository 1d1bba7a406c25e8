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
  /** The number of the newest slice, counted from the clock's zero. */
  #newest = -Infinity;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  record(now: number, failed: boolean, slow: boolean): void {
    this.#advance(now);
    const at = (this.#newest % SLICES) * FIELDS;
    this.#add(at, CALLS);
    if (failed) this.#add(at, FAILURES);
    if (slow) this.#add(at, SLOW);
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

  /** Calls and failures of the last `ms` alone, as far back as the window goes. */
  lately(now: number, ms: number): { readonly calls: number; readonly failures: number } {
    this.#advance(now);
    const slices = Math.min(SLICES, Math.max(1, Math.floor(ms / this.#sliceMs)));
    let calls = 0;
    let failures = 0;
    for (let back = 0; back < slices; back++) {
      const at = ((((this.#newest - back) % SLICES) + SLICES) % SLICES) * FIELDS;
      calls += this.#counts[at + CALLS] ?? 0;
      failures += this.#counts[at + FAILURES] ?? 0;
    }
    return { calls, failures };
  }

  clear(): void {
    this.#counts.fill(0);
    this.#totals.fill(0);
  }

  #total(now: number, field: number): number {
    this.#advance(now);
    return this.#totals[field] ?? 0;
  }

  #add(at: number, field: number): void {
    this.#counts[at + field] = (this.#counts[at + field] ?? 0) + 1;
    this.#totals[field] = (this.#totals[field] ?? 0) + 1;
  }

  /** Lets go of the slices that are no longer in the window; a clock that goes back changes nothing. */
  #advance(now: number): void {
    const slice = Math.floor(now / this.#sliceMs);
    if (slice <= this.#newest) return;
    if (slice - this.#newest >= SLICES) this.clear();
    else {
      for (let each = this.#newest + 1; each <= slice; each++) {
        const at = (each % SLICES) * FIELDS;
        for (let field = 0; field < FIELDS; field++) {
          this.#totals[field] = (this.#totals[field] ?? 0) - (this.#counts[at + field] ?? 0);
          this.#counts[at + field] = 0;
        }
      }
    }
    this.#newest = slice;
  }
}
