import { type Duration, LONGEST_CALL_SECONDS, LONGEST_MS, milliseconds } from "../options/duration.js";
import { millisecondsOr } from "../options/handle-times.js";
import {
  type FailfastDefaults,
  type FailfastOptions,
  LENIENT,
  type RetryAfterLimits,
} from "../options/options.js";
import {
  PROBE_OPTIONS,
  refuseContradictions,
  refuseUselessSettings,
  TRIP_OPTIONS,
} from "./contradictions.js";
import type { CircuitSettings } from "./settings.js";

/**
 * Without a maximum of its own, the open time grows, or is set by a backend, up to this many times the circuit's time.
 */
const GROWS_TO = 10;

/** This many slow calls in a row are a hang, if no share of slow calls is set. */
const HANG_CALLS = 3;

/**
 * Resolves a circuit's settings from its time, the defaults, and its own options, which take precedence.
 *
 * @throws {TypeError} options that contradict each other.
 * @throws {RangeError} a time out of range.
 */
export function resolveSettings(
  timeout: Duration | undefined,
  defaults: FailfastDefaults,
  own: FailfastOptions,
): CircuitSettings {
  const options = mergeOptions(defaults, own);
  const openMs = milliseconds("timeout", timeout);
  const grown = Math.min(openMs * GROWS_TO, LONGEST_MS);
  const { backoff = {}, retryAfter, mode = "enforce", recovery = "probe" } = options;
  const limits: RetryAfterLimits = typeof retryAfter === "object" ? retryAfter : {};
  const { threshold, failureRate, consecutive = consecutiveByDefault(options) } = options;
  const slowCall = millisecondsOr("slowCall", options.slowCall, 0, LONGEST_CALL_SECONDS);
  const settings: CircuitSettings = {
    openMs,
    recovery: typeof recovery === "function" ? "probe" : recovery,
    check: typeof recovery === "function" ? recovery : undefined,
    probes: options.probes ?? 1,
    threshold: threshold ?? (failureRate || consecutive ? 0 : 1),
    consecutive,
    window: millisecondsOr("window", options.window, mode === "throttle" ? 120_000 : 10_000),
    failureRate: failureRate ?? 0,
    minimumCalls: options.minimumCalls ?? 10,
    slowCall,
    slowCallRate: slowCall === 0 ? 0 : (options.slowCallRate ?? 0.5),
    hangCalls: slowCall === 0 || options.slowCallRate !== undefined ? 0 : HANG_CALLS,
    backoffFactor: backoff.factor ?? 1,
    backoffMax: millisecondsOr("backoff.max", backoff.max, (backoff.factor ?? 1) > 1 ? grown : openMs),
    backoffJitter: backoff.jitter ?? 0,
    backoffForget: millisecondsOr("backoff.forget", backoff.forget, 0),
    retryAfterMin: retryAfter ? millisecondsOr("retryAfter.min", limits.min, 1_000) : 0,
    retryAfterMax: retryAfter ? millisecondsOr("retryAfter.max", limits.max, grown) : 0,
    retryAfterFrom: limits.from,
    rampUp: millisecondsOr("rampUp", options.rampUp, 0),
    scope: options.scope ?? "fleet",
    quorum: options.quorum ?? 1,
    mode,
    shareReason: options.shareReason ?? false,
    stackTraces: options.stackTraces ?? false,
    maxCircuits: options.maxCircuits ?? 10_000,
  };
  refuseContradictions(options, own);
  refuseUselessSettings(settings, options, own);
  return settings;
}

/** How many failures in a row trip it if no option says so; 0: no number does. */
function consecutiveByDefault(options: FailfastDefaults): number {
  const { threshold, failureRate, mode } = options;
  const decided = threshold !== undefined || failureRate !== undefined || mode === "throttle";
  return LENIENT in options && !decided ? 5 : 0;
}

/**
 * If the circuit itself gives the option (with this value, or with any if it is `undefined` here), the defaults listed
 * with it are dropped.
 */
const GIVES_WAY: readonly (readonly [keyof FailfastDefaults, unknown, readonly string[]])[] = [
  ["threshold", undefined, ["failureRate"]],
  ["failureRate", undefined, ["threshold"]],
  ["recovery", "all", PROBE_OPTIONS],
  ["scope", "process", ["quorum"]],
  ["returns", "value", ["callTimeout"]],
  ["mode", "throttle", TRIP_OPTIONS],
];

/** A circuit's options over the defaults. Defaults that contradict the circuit's own options are dropped. */
export function mergeOptions(defaults: FailfastDefaults, options: FailfastOptions): FailfastDefaults {
  const merged: Record<string, unknown> = { ...defaults };
  for (const [option, value, defaulted] of GIVES_WAY) {
    const own = options[option as keyof FailfastOptions];
    if (own !== undefined && (value === undefined || own === value))
      for (const each of defaulted) delete merged[each];
  }
  Object.assign(merged, options);
  const rates = merged["failureRate"] !== undefined || merged["slowCall"] !== undefined;
  if (!rates && options.minimumCalls === undefined) delete merged["minimumCalls"];
  return merged;
}
