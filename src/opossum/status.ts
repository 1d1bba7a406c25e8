import { EventEmitter } from "node:events";

/** The counts of one slice of the rolling window. */
export interface Bucket {
  failures: number;
  fallbacks: number;
  successes: number;
  rejects: number;
  fires: number;
  timeouts: number;
  cacheHits: number;
  cacheMisses: number;
  coalesceCacheHits: number;
  coalesceCacheMisses: number;
  semaphoreRejections: number;
  percentiles: Record<number, number>;
  latencyTimes: number[];
  isCircuitBreakerOpen?: boolean;
}

/** The sums over the whole window. */
export interface Stats extends Bucket {
  /** In ms; -1 if percentiles are off. */
  latencyMean: number;
}

/** The counters of a bucket. */
export type Counted = {
  [K in keyof Bucket]-?: Bucket[K] extends number ? K : never;
}[keyof Bucket];

/** How statistics are kept. Times are in ms. */
export interface StatusOptions {
  rollingCountBuckets?: number | undefined;
  rollingCountTimeout?: number | undefined;
  rollingPercentilesEnabled?: boolean | undefined;
  enableSnapshots?: boolean | undefined;
  /** Emits `"rotate"` when the window has to move on. Without it, time decides. */
  rotateBucketController?: EventEmitter | undefined;
  /** The counts to start with. */
  stats?: Partial<Bucket> | undefined;
}

const PERCENTILES = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 1] as const;
const ROTATE = "rotate";
const MEASURED = new Set<Counted>(["successes", "failures", "timeouts"]);

/**
 * The rolling statistics of one breaker. It has no timer unless somebody listens to `"snapshot"`: slices that are over
 * are dropped when it is read.
 */
export class Status extends EventEmitter<{ snapshot: [Stats] }> {
  readonly rollingPercentilesEnabled: boolean;
  readonly enableSnapshots: boolean;
  readonly rotateBucketController: EventEmitter | undefined;
  /** Begins a new slice. */
  readonly rotateBucket: () => void;
  readonly #buckets: Bucket[];
  readonly #sliceMs: number;
  #sliceBegan: number = Date.now();
  #snapshots: ReturnType<typeof setInterval> | undefined;

  constructor(options: StatusOptions = {}) {
    super();
    const count = options.rollingCountBuckets || 10;
    this.#sliceMs = Math.max(1, Math.floor((options.rollingCountTimeout || 10_000) / count));
    this.#buckets = Array.from({ length: count }, emptyBucket);
    if (options.stats) this.#buckets[0] = { ...emptyBucket(), ...options.stats };
    this.rollingPercentilesEnabled = options.rollingPercentilesEnabled !== false;
    this.enableSnapshots = options.enableSnapshots !== false;
    this.rotateBucketController = options.rotateBucketController;
    this.rotateBucket = () => {
      this.#buckets.pop();
      this.#buckets.unshift(emptyBucket());
    };
    this.startListeneningForRotateEvent();
    if (this.enableSnapshots)
      (this as EventEmitter).on("newListener", (event) => event === "snapshot" && this.#startSnapshots());
  }

  /** The slices, the current one first. */
  get window(): Bucket[] {
    this.#catchUp();
    return this.#buckets.slice();
  }

  get stats(): Stats {
    const total: Stats = { ...emptyBucket(), latencyMean: -1 };
    for (const bucket of this.window) {
      for (const key of Object.keys(bucket) as Counted[])
        if (typeof bucket[key] === "number") total[key] += bucket[key];
      // Not spread, because a busy window has more entries than one call can have arguments.
      if (this.rollingPercentilesEnabled) for (const ms of bucket.latencyTimes) total.latencyTimes.push(ms);
    }
    const times = total.latencyTimes.sort((a, b) => a - b);
    for (const share of PERCENTILES) {
      const nth = times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0;
      total.percentiles[share] = this.rollingPercentilesEnabled ? nth : -1;
    }
    if (this.rollingPercentilesEnabled)
      total.latencyMean = times.reduce((sum, ms) => sum + ms, 0) / Math.max(1, times.length);
    return total;
  }

  increment(property: Counted, latencyMs = 0): void {
    const bucket = this.#current;
    bucket[property]++;
    if (this.rollingPercentilesEnabled && MEASURED.has(property)) bucket.latencyTimes.push(latencyMs);
  }

  open(): void {
    this.#current.isCircuitBreakerOpen = true;
  }

  close(): void {
    this.#current.isCircuitBreakerOpen = false;
  }

  shutdown(): void {
    this.removeAllListeners();
    this.removeRotateBucketControllerListener();
    clearInterval(this.#snapshots);
  }

  removeRotateBucketControllerListener(): void {
    this.rotateBucketController?.removeListener(ROTATE, this.rotateBucket);
  }

  /** Spelled as in opossum. */
  startListeneningForRotateEvent(): void {
    const controller = this.rotateBucketController;
    if (controller && !controller.listeners(ROTATE).includes(this.rotateBucket))
      controller.on(ROTATE, this.rotateBucket);
  }

  get #current(): Bucket {
    this.#catchUp();
    const [first = emptyBucket()] = this.#buckets;
    return first;
  }

  #catchUp(): void {
    if (this.rotateBucketController) return;
    const over = Math.floor((Date.now() - this.#sliceBegan) / this.#sliceMs);
    if (over === 0) return;
    // If a clock was set back, the counts stay, and time continues from here.
    this.#sliceBegan = over < 0 ? Date.now() : this.#sliceBegan + over * this.#sliceMs;
    for (let n = Math.min(over, this.#buckets.length); n > 0; n--) this.rotateBucket();
  }

  #startSnapshots(): void {
    this.#snapshots ??= setInterval(() => {
      if (this.listenerCount("snapshot") > 0) this.emit("snapshot", this.stats);
      else this.#stopSnapshots();
    }, this.#sliceMs);
    this.#snapshots.unref?.();
  }

  #stopSnapshots(): void {
    clearInterval(this.#snapshots);
    this.#snapshots = undefined;
  }
}

const emptyBucket = (): Bucket => ({
  failures: 0,
  fallbacks: 0,
  successes: 0,
  rejects: 0,
  fires: 0,
  timeouts: 0,
  cacheHits: 0,
  cacheMisses: 0,
  coalesceCacheHits: 0,
  coalesceCacheMisses: 0,
  semaphoreRejections: 0,
  percentiles: {},
  latencyTimes: [],
});
