import type { EventEmitter } from "node:events";
import type { Failfast } from "../api/failfast.js";
import { type Duration, LONGEST_MS } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import type { CircuitOptions } from "../options/options.js";
import type { Store } from "../options/store.js";
import { type CacheTransport, MemoryCache } from "./cache.js";
import { type Bucket, Status } from "./status.js";

/** When the coalesced promise of a key is let go before its time. */
export type CoalesceReset = "error" | "success" | "timeout";

/** The state that a breaker begins in, as `toJSON()` of another gave it. */
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

/** The options of opossum, with its names, units and defaults, and three of failfast's. Times are in ms. */
export interface BreakerOptions<TI extends unknown[] = unknown[]> {
  /** The store that the fleet shares, say `redisStore(client)`. The breaker takes a `name` then. */
  store?: Store | undefined;
  /** The `failfast` that the circuit is one of, in place of `store`. The breaker takes a `name` then. */
  failfast?: Failfast<never> | undefined;
  /** What opossum has no option for: `quorum`, `scope`, `slowCall`, `backoff`, … They win over what follows from opossum's. */
  circuit?: Omit<CircuitOptions, "store" | "maxCircuits"> | undefined;

  /** The deadline of a call; `false` or 0: none. Default: 10 000. */
  timeout?: number | false | undefined;
  /** How long it stays open. Default: 30 000. */
  resetTimeout?: number | undefined;
  /** It opens when more than this share of the window's calls failed, in per cent. Default: 50. */
  errorThresholdPercentage?: number | undefined;
  /** It opens with no fewer calls in the window than this. Default: 0. */
  volumeThreshold?: number | undefined;
  /** The length of the window. Default: 10 000. */
  rollingCountTimeout?: number | undefined;
  /** How many slices the window of the statistics has. Default: 10. */
  rollingCountBuckets?: number | undefined;
  /** Whether statistics have percentiles and a mean; -1 otherwise. Default: true. */
  rollingPercentilesEnabled?: boolean | undefined;
  /** Failures open nothing for the first `rollingCountTimeout`. Default: false. */
  allowWarmUp?: boolean | undefined;
  /** How many calls may be under way at a time. Default: any number. */
  capacity?: number | undefined;
  /** Whether what was thrown counts as a success. The caller gets it all the same, and no fallback. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the action throws
  errorFilter?: ((error: any, ...args: TI) => unknown) | undefined;
  /** Default: the action's name, or a random one. A circuit that others share takes one. */
  name?: string | undefined;
  /** Default: the name. */
  group?: string | undefined;
  /** Default: true. */
  enabled?: boolean | undefined;
  /** Is told to abort when a call has timed out. */
  abortController?: { abort(reason?: unknown): void; readonly signal?: AbortSignal } | undefined;
  /** Makes one, and a new one once that has aborted. Default: false. */
  autoRenewAbortController?: boolean | undefined;
  /** Whether the status emits `"snapshot"` to who listens. Default: true. */
  enableSnapshots?: boolean | undefined;
  /** Emits `"rotate"` when the window of the statistics is to move on. */
  rotateBucketController?: EventEmitter | undefined;
  /** Statistics to begin with. */
  status?: Status | Partial<Bucket> | undefined;
  /** The state to begin with. */
  state?: BreakerState | undefined;
  /** Whether answers are kept. Default: false. */
  cache?: boolean | undefined;
  /** How long; 0: for good. Default: 0. */
  cacheTTL?: number | undefined;
  /** How many. Default: 16 777 215. */
  cacheSize?: number | undefined;
  /** What a call's answer is kept under. Default: its arguments as JSON. */
  cacheGetKey?: ((...args: TI) => string) | undefined;
  /** Where. Default: in memory. */
  cacheTransport?: CacheTransport | undefined;
  /** Whether calls with one key that are under way share one answer. Default: false. */
  coalesce?: boolean | undefined;
  /** For how long; 0: for good. Default: `timeout`. */
  coalesceTTL?: number | undefined;
  /** How many keys. Default: 16 777 215. */
  coalesceSize?: number | undefined;
  /** What ends that before its time. Default: nothing. */
  coalesceResetOn?: readonly CoalesceReset[] | undefined;
  /** @deprecated `errorThresholdPercentage` took its place. */
  maxFailures?: number | undefined;
}

/** What has a default. */
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

/** The options of a breaker with opossum's defaults in place: what `breaker.options` shows. */
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

/** A time in ms as failfast takes it; opossum's timers take 0 for the shortest. */
export function duration(option: string, value: unknown): Duration {
  const ms = Number(value);
  if (value === null || Number.isNaN(ms))
    throw new TypeError(`options.${option} is ${formatValue(value)}: it takes a number of milliseconds`);
  return `${Math.min(Math.max(ms, 1), LONGEST_MS)}ms`;
}

/** So many calls must fail in the window, and none succeed, where opossum would never open: failfast counts no further. */
const MOST = 100_000;

/** When the circuit opens, as failfast has it. */
export function circuitOptions(options: {
  readonly errorThresholdPercentage: number;
  readonly volumeThreshold: number;
  readonly rollingCountTimeout: number;
  readonly circuit?: BreakerOptions["circuit"];
}): CircuitOptions {
  const { errorThresholdPercentage: percentage, volumeThreshold } = options;
  const window = duration("rollingCountTimeout", options.rollingCountTimeout);
  // More than all never fail.
  if (!(percentage < 100))
    return { threshold: MOST, failureRate: 1, minimumCalls: MOST, window, ...options.circuit };
  return {
    // More than the percentage, where failfast asks for as much as the rate.
    failureRate: Math.max(percentage / 100, 0) + Number.EPSILON,
    minimumCalls: Math.max(volumeThreshold, 1),
    window,
    ...options.circuit,
  };
}

/** The statistics to begin with. */
export const statusOf = (options: ResolvedOptions<never>): Status => {
  const { status } = options;
  if (status instanceof Status) return status;
  return new Status(status === undefined ? (options as never) : { stats: status });
};
