import type { Sample } from "./exposition.js";

/** For calls, in seconds: from a fast neighbour's answer to a time-out. */
export const CALL_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** For a store's operations, in seconds: from a local store's answer to that of a store far away. */
export const STORE_BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

interface Histogram {
  readonly labels: Sample["labels"];
  /** The number in each bucket; the last bucket is for everything longer. */
  readonly counts: number[];
  sum: number;
}

/** Durations, as one histogram for each key. */
export class Histograms {
  readonly #bounds: readonly number[];
  readonly #histograms = new Map<unknown, Histogram>();

  /** @throws {RangeError} bounds that don't ascend. */
  constructor(bounds: readonly number[]) {
    if (bounds.length === 0 || bounds.some((bound, at) => !(bound > (at === 0 ? 0 : Number(bounds[at - 1])))))
      throw new RangeError(`the buckets ${bounds.join(", ")} don't ascend from above 0: they take seconds`);
    this.#bounds = [...bounds];
  }

  observe(key: unknown, labels: () => Sample["labels"], seconds: number): void {
    let histogram = this.#histograms.get(key);
    if (histogram === undefined) {
      histogram = { labels: labels(), counts: new Array(this.#bounds.length + 1).fill(0), sum: 0 };
      this.#histograms.set(key, histogram);
    }
    let at = 0;
    while (at < this.#bounds.length && seconds > Number(this.#bounds[at])) at++;
    histogram.counts[at] = Number(histogram.counts[at]) + 1;
    histogram.sum += seconds;
  }

  *samples(name: string): Generator<Sample> {
    for (const { labels, counts, sum } of this.#histograms.values()) {
      let count = 0;
      for (const [at, each] of counts.entries()) {
        count += each;
        const le = this.#bounds[at] ?? "+Inf";
        yield { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
      }
      yield { metricName: `${name}_sum`, labels, value: sum };
      yield { metricName: `${name}_count`, labels, value: count };
    }
  }
}
