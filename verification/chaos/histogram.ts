/**
 * Durations in ms, counted in buckets that grow by 5 % from 1 µs on, so that those of many processes can be added up.
 */
export class Histogram {
  readonly counts: number[];

  constructor(counts: readonly number[] = []) {
    this.counts = [...counts];
  }

  add(ms: number): void {
    const bucket = Math.max(0, Math.ceil(Math.log(Math.max(ms, 0.001) / 0.001) / Math.log(1.05)));
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }

  merge(other: readonly (number | null | undefined)[]): void {
    for (const [bucket, count] of other.entries())
      if (count) this.counts[bucket] = (this.counts[bucket] ?? 0) + count;
  }

  get count(): number {
    return this.counts.reduce((sum, count) => sum + (count ?? 0), 0);
  }

  /** The upper end of the bucket below which that share of all durations lies; 0 if there are none. */
  percentile(share: number): number {
    const wanted = this.count * share;
    let sum = 0;
    for (const [bucket, count] of this.counts.entries()) {
      sum += count ?? 0;
      if (count && sum >= wanted) return 0.001 * 1.05 ** bucket;
    }
    return 0;
  }
}
