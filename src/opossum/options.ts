import type { EventEmitter } from "node:events";
import type { Failfast } from "../api/failfast.js";
import { type Duration, LONGEST_MS } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import type { CircuitOptions } from "../options/options.js";
import type { Store } from "../options/store.js";
import { type CacheTransport, MemoryCache } from "./cache.js";
import { type Bucket, Status } from "./status.js";

/** When a key's coalesced promise is dropped before its time. */
export type CoalesceReset = "error" | "success" | "timeout";

/** The state to start with, from `toJSON()` of another breaker. */
export interface BreakerState {
  name?: string | undefined;
  enabled?: boolean | undefined;
  closed?: boolean | undefined;
  open?: boolean | undefined;
  halfOpen?: boolean | undefined;
  warmUp?: boolean | undefined;
  shutdown?: boolean | undefined;
  /** When it opened, in ms since the epoch. */
  lastTimerAt?: number | undefined;
}

/** opossum's options, with its names, units and defaults, and three of failfast's. Times are in ms. */
export interface BreakerOptions<TI extends unknown[] = unknown[]> {
  /** The store that the fleet shares, for example `redisStore(client)`. The breaker then needs a `name`. */
  store?: Store | undefined;
  /** The `failfast` that makes the circuit, in place of `store`. The breaker then needs a `name`. */
  failfast?: Failfast<never> | undefined;
  /**
   * Options that opossum does not have: `quorum`, `scope`, `slowCall`, `backoff`, … They take precedence over
   * opossum's.
   */
  circuit?: Omit<CircuitOptions, "store" | "maxCircuits"> | undefined;

  /** The deadline of a call; `false` or 0: none. Default: 10 000. */
  timeout?: number | false | undefined;
  /** How long it stays open. Default: 30 000. */
  resetTimeout?: number | undefined;
  /** It opens if more than this share of the window's calls failed, in per cent. Default: 50. */
  errorThresholdPercentage?: number | undefined;
  /** It doesn't open with fewer calls in the window than this. Default: 0. */
  volumeThreshold?: number | undefined;
  /** The length of the window. Default: 10 000. */
  rollingCountTimeout?: number | undefined;
  /** How many slices the window of the statistics has. Default: 10. */
  rollingCountBuckets?: number | undefined;
  /** Whether statistics have percentiles and a mean; -1 otherwise. Default: true. */
  rollingPercentilesEnabled?: boolean | undefined;
  /** Failures don't open it during the first `rollingCountTimeout`. Default: false. */
  allowWarmUp?: boolean | undefined;
  /** How many calls may run at a time. Default: no limit. */
  capacity?: number | undefined;
  /** Whether a thrown error counts as a success. The caller gets it all the same, and no fallback answers. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the action throws
  errorFilter?: ((error: any, ...args: TI) => unknown) | undefined;
  /** Default: the action's name, or a random one. A shared circuit needs a name. */
  name?: string | undefined;
  /** Default: the name. */
  group?: string | undefined;
  /** Default: true. */
  enabled?: boolean | undefined;
  /** Its `abort` is called when a call has timed out. */
  abortController?: { abort(reason?: unknown): void; readonly signal?: AbortSignal } | undefined;
  /** Makes a controller, and a new one when that has aborted. Default: false. */
  autoRenewAbortController?: boolean | undefined;
  /** Whether the status emits `"snapshot"` to its listeners. Default: true. */
  enableSnapshots?: boolean | undefined;
  /** Emits `"rotate"` when the statistics' window has to move on. */
  rotateBucketController?: EventEmitter | undefined;
  /** Statistics to start with. */
  status?: Status | Partial<Bucket> | undefined;
  /** The state to start with. */
  state?: BreakerState | undefined;
  /** Whether answers are kept. Default: false. */
  cache?: boolean | undefined;
  /** How long; 0: for good. Default: 0. */
  cacheTTL?: number | undefined;
  /** How many. Default: 16 777 215. */
  cacheSize?: number | undefined;
  /** The key of a call's answer. Default: its arguments as JSON. */
  cacheGetKey?: ((...args: TI) => string) | undefined;
  /** Where. Default: in memory. */
  cacheTransport?: CacheTransport | undefined;
  /** Whether running calls with the same key share one answer. Default: false. */
  coalesce?: boolean | undefined;
  /** For how long; 0: for good. Default: `timeout`. */
  coalesceTTL?: number | undefined;
  /** How many keys. Default: 16 777 215. */
  coalesceSize?: number | undefined;
  /** What ends that early. Default: nothing. */
  coalesceResetOn?: readonly CoalesceReset[] | undefined;
  /** @deprecated replaced by `errorThresholdPercentage`. */
  maxFailures?: number | undefined;
}

/** The options that have a default. */
interface Defaulted<TI extends unknown[]> {
  timeout: number | false;
  resetTimeout: number;
  errorThresholdPercentage: number;
  rollingCountTimeout: number;
  rollingCountBuckets: number;
  rollingPercentilesEnabled: boolean;
  capacity: number;
  volumeThreshold: number;
  errorFilter: NonNullable<BreakerOptions<TI>["errorFilter"]>;
  cacheTTL: number;
  cacheGetKey: (...args: TI) => string;
  enableSnapshots: boolean;
  coalesce: boolean;
  coalesceTTL: number;
  coalesceResetOn: readonly CoalesceReset[];
}

/** A breaker's options with opossum's defaults filled in: the value of `breaker.options`. */
export interface ResolvedOptions<TI extends unknown[]>
  extends Omit<BreakerOptions<TI>, keyof Defaulted<TI>>,
    Defaulted<TI> {}

export function withDefaults<TI extends unknown[]>(given: BreakerOptions<TI>): ResolvedOptions<TI> {
  const timeout = given.timeout ?? 10_000;
  const resets: readonly string[] = ["error", "success", "timeout"];
  return {
    ...given,
    timeout,
    resetTimeout: given.resetTimeout ?? 30_000,
    errorThresholdPercentage: given.errorThresholdPercentage ?? 50,
    rollingCountTimeout: given.rollingCountTimeout ?? 10_000,
    rollingCountBuckets: given.rollingCountBuckets ?? 10,
    rollingPercentilesEnabled: given.rollingPercentilesEnabled !== false,
    capacity: integer(given.capacity) ?? Number.MAX_SAFE_INTEGER,
    volumeThreshold: integer(given.volumeThreshold) ?? 0,
    errorFilter: given.errorFilter ?? ((): unknown => false),
    cacheTTL: given.cacheTTL ?? 0,
    cacheGetKey: given.cacheGetKey ?? ((...args: TI): string => JSON.stringify(args)),
    enableSnapshots: given.enableSnapshots !== false,
    coalesce: given.coalesce === true,
    coalesceTTL: given.coalesceTTL ?? (timeout || 0),
    coalesceResetOn: given.coalesceResetOn?.filter((each) => resets.includes(each)) ?? [],
  };
}

const integer = (value: unknown): number | undefined =>
  Number.isInteger(value) ? (value as number) : undefined;

/** @throws {TypeError} an option that can't be used. */
export function checked<TI extends unknown[]>(options: ResolvedOptions<TI>): ResolvedOptions<TI> {
  const { cache, cacheTransport, autoRenewAbortController } = options;
  if (cache) {
    options.cacheTransport = cacheTransport ?? new MemoryCache(options.cacheSize);
    const { get, set, flush } = options.cacheTransport;
    if (!get || !set || !flush)
      throw new TypeError("options.cacheTransport should be an object with `get`, `set` and `flush` methods");
  }
  if (autoRenewAbortController) options.abortController ??= new AbortController();
  if (options.abortController && typeof options.abortController.abort !== "function")
    throw new TypeError("AbortController does not contain `abort()` method");
  return options;
}

/** A time in ms in failfast's form. opossum's timers use the shortest time for 0. */
export function duration(option: string, value: unknown): Duration {
  const ms = Number(value);
  if (value === null || Number.isNaN(ms))
    throw new TypeError(`options.${option} is ${formatValue(value)}: it takes a number of milliseconds`);
  return `${Math.min(Math.max(ms, 1), LONGEST_MS)}ms`;
}

/** With a percentage that can never be exceeded, opossum never opens. Here this many failures stand for that. */
const MOST = 100_000;

/** When the circuit opens, in failfast's options. */
export function circuitOptions(options: {
  readonly errorThresholdPercentage: number;
  readonly volumeThreshold: number;
  readonly rollingCountTimeout: number;
  readonly circuit?: BreakerOptions["circuit"];
}): CircuitOptions {
  const { errorThresholdPercentage: percentage, volumeThreshold } = options;
  const window = duration("rollingCountTimeout", options.rollingCountTimeout);
  // More than 100 % never fail.
  if (!(percentage < 100))
    return { threshold: MOST, failureRate: 1, minimumCalls: MOST, window, ...options.circuit };
  return {
    // opossum opens above the percentage, failfast already at the rate.
    failureRate: Math.max(percentage / 100, 0) + Number.EPSILON,
    minimumCalls: Math.max(volumeThreshold, 1),
    window,
    ...options.circuit,
  };
}

/** The statistics to start with. */
export const statusOf = (options: ResolvedOptions<never>): Status => {
  const { status } = options;
  if (status instanceof Status) return status;
  return new Status(status === undefined ? (options as never) : { stats: status });
};
