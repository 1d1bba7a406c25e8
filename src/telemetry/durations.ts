import type { Sample } from "./exposition.js";
import type { Series, Tally } from "./tally.js";

/** In seconds; from a fast answer of a neighbour to a time-out. */
export const DURATION_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Histogram {
  /** Calls in each bucket; the last one is for all that took longer. */
  readonly counts: number[];
  sum: number;
}

/** How long calls took, label by label. */
export class DurationHistograms {
  readonly #bounds: readonly number[];
  readonly #histograms = new Map<Series, Histogram>();

  constructor(tally: Tally, bounds: readonly number[] = DURATION_BUCKETS) {
    if (bounds.length === 0 || bounds.some((bound, at) => !(bound > (at === 0 ? 0 : Number(bounds[at - 1])))))
      throw new RangeError(`the buckets ${bounds.join(", ")} don't ascend from above 0: they take seconds`);
    this.#bounds = [...bounds];
    tally.timed = (series, seconds) => this.#observe(series, seconds);
  }

  *samples(name: string): Generator<Sample> {
    for (const [{ label }, { counts, sum }] of this.#histograms) {
      let count = 0;
      for (const [at, each] of counts.entries()) {
        count += each;
        const le = this.#bounds[at] ?? "+Inf";
        yield { metricName: `${name}_bucket`, labels: { name: label, le }, value: count };
      }
      yield { metricName: `${name}_sum`, labels: { name: label }, value: sum };
      yield { metricName: `${name}_count`, labels: { name: label }, value: count };
    }
  }

  #observe(series: Series, seconds: number): void {
    let histogram = this.#histograms.get(series);
    if (histogram === undefined) {
      histogram = { counts: new Array(this.#bounds.length + 1).fill(0), sum: 0 };
      this.#histograms.set(series, histogram);
    }
    let at = 0;
    while (at < this.#bounds.length && seconds > Number(this.#bounds[at])) at++;
    histogram.counts[at] = Number(histogram.counts[at]) + 1;
    histogram.sum += seconds;
  }
}
