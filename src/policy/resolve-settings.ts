import { type Duration, LONGEST_CALL_SECONDS, LONGEST_MS, milliseconds } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import {
  type FailfastDefaults,
  type FailfastOptions,
  LENIENT,
  type RetryAfterLimits,
} from "../options/options.js";
import type { CircuitSettings } from "./settings.js";

/**
 * Without a maximum of its own, the open time grows, or is set by a backend, up to this many times the circuit's time.
 */
const GROWS_TO = 10;

/** This many slow calls in a row are a hang, if no share of slow calls is set. */
const HANG_CALLS = 3;

/** The options that concern only probes, and those that concern tripping. */
const OF_PROBES = ["probes", "backoff", "rampUp"] as const;
const OF_TRIPS = [
  "threshold",
  "failureRate",
  "minimumCalls",
  "consecutive",
  "slowCall",
  "slowCallRate",
  "quorum",
  "backoff",
  "retryAfter",
  "rampUp",
] as const;

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
  const { threshold, failureRate, consecutive = inARow(options) } = options;
  const slowCall = ms("slowCall", options.slowCall, 0, LONGEST_CALL_SECONDS);
  const settings: CircuitSettings = {
    openMs,
    recovery: typeof recovery === "function" ? "probe" : recovery,
    check: typeof recovery === "function" ? recovery : undefined,
    probes: options.probes ?? 1,
    threshold: threshold ?? (failureRate || consecutive ? 0 : 1),
    consecutive,
    window: ms("window", options.window, mode === "throttle" ? 120_000 : 10_000),
    failureRate: failureRate ?? 0,
    minimumCalls: options.minimumCalls ?? 10,
    slowCall,
    slowCallRate: slowCall === 0 ? 0 : (options.slowCallRate ?? 0.5),
    hangCalls: slowCall === 0 || options.slowCallRate !== undefined ? 0 : HANG_CALLS,
    backoffFactor: backoff.factor ?? 1,
    backoffMax: ms("backoff.max", backoff.max, (backoff.factor ?? 1) > 1 ? grown : openMs),
    backoffJitter: backoff.jitter ?? 0,
    backoffForget: ms("backoff.forget", backoff.forget, 0),
    retryAfterMin: retryAfter ? ms("retryAfter.min", limits.min, 1_000) : 0,
    retryAfterMax: retryAfter ? ms("retryAfter.max", limits.max, grown) : 0,
    retryAfterFrom: limits.from,
    rampUp: ms("rampUp", options.rampUp, 0),
    scope: options.scope ?? "fleet",
    quorum: options.quorum ?? 1,
    mode,
    shareReason: options.shareReason ?? false,
    stackTraces: options.stackTraces ?? false,
    maxCircuits: options.maxCircuits ?? 10_000,
  };
  checkTogether(options, own);
  checkSense(settings, options, own);
  return settings;
}

/** How many failures in a row trip it if no option says so. */
function inARow(options: FailfastDefaults): number {
  const { threshold, failureRate, mode } = options;
  const decided = threshold !== undefined || failureRate !== undefined || mode === "throttle";
  return LENIENT in options && !decided ? 5 : 0;
}

/** The circuit's own option for each of these. The defaults listed with it give way to it. */
const GIVES_WAY: readonly (readonly [keyof FailfastDefaults, unknown, readonly string[]])[] = [
  ["threshold", undefined, ["failureRate"]],
  ["failureRate", undefined, ["threshold"]],
  ["recovery", "all", OF_PROBES],
  ["scope", "process", ["quorum"]],
  ["returns", "value", ["callTimeout"]],
  ["mode", "throttle", OF_TRIPS],
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

const ms = (option: string, given: Duration | undefined, otherwise: number, mostSeconds?: number): number =>
  given === undefined ? otherwise : milliseconds(option, given, mostSeconds);

/** The deadline that a handle of the circuit sets for one call, in ms; 0: none. */
export const callTimeoutOf = (options: FailfastOptions): number =>
  ms("callTimeout", options.callTimeout, 0, LONGEST_CALL_SECONDS);

/** How long a stream of a handle may be silent, in ms; 0: no limit. */
export const idleTimeoutOf = (options: FailfastOptions): number => ms("idleTimeout", options.idleTimeout, 0);

const refuse = (why: string): never => {
  throw new TypeError(why);
};

/** Refuses options that contradict each other. `own`: the options given at the circuit. */
export function checkTogether(given: FailfastDefaults, own: FailfastOptions): void {
  const has = (option: keyof FailfastDefaults): boolean => given[option] !== undefined;
  if (has("fallbackOn") && !has("fallback"))
    refuse("fallbackOn says when the fallback answers, but there is no fallback: give one");
  if (Array.isArray(given.exceptions) && given.exceptions.length === 0) {
    if (!has("results") && !has("callTimeout") && !has("slowCall"))
      refuse(
        "exceptions is an empty list, and without results, callTimeout or slowCall nothing is ever a failure",
      );
  }
  if (has("slowCallRate") && !has("slowCall"))
    refuse("slowCallRate is a share of slow calls: give slowCall too, the time from which a call is slow");
  if (has("minimumCalls") && !has("failureRate") && !has("slowCall"))
    refuse("minimumCalls is for rates: give failureRate or slowCall with it, or leave it out");
  if (has("callTimeout") && given.returns === "value")
    refuse('callTimeout needs a promise to time out: it can\'t go with returns: "value"');
  idleTimeoutOf(given);
  const timeout = callTimeoutOf(given);
  if (timeout > 0 && own.slowCall && ms("slowCall", own.slowCall, 0, LONGEST_CALL_SECONDS) >= timeout)
    refuse(
      `slowCall ${formatValue(own.slowCall)} is never reached under a callTimeout of ${formatValue(given.callTimeout)}`,
    );
  if (given.mode === "throttle") {
    for (const option of OF_TRIPS) {
      if (has(option))
        refuse(`${option} is about tripping, and with mode: "throttle" no failure trips: leave one out`);
    }
    if (given.scope === "confirm")
      refuse('scope: "confirm" is about tripping, and with mode: "throttle" no failure trips: leave one out');
  }
}

function checkSense(settings: CircuitSettings, options: FailfastDefaults, own: FailfastOptions): void {
  const { scope, quorum, recovery, openMs, backoffMax, retryAfterMin, retryAfterMax } = settings;
  const counts = options.threshold !== undefined || settings.failureRate > 0 || settings.slowCall > 0;
  if (own.window && !counts && quorum === 1 && settings.mode !== "throttle")
    refuse(
      "window is the time over which calls are counted, but nothing is counted here: give threshold, failureRate or slowCall with it, or leave it out",
    );
  for (const option of ["max", "forget"] as const) {
    if (own.backoff?.[option] !== undefined && settings.backoffFactor === 1)
      refuse(
        `backoff.${option} does nothing while nothing grows: give backoff.factor with it, or leave it out`,
      );
  }
  if (scope === "process" && quorum > 1)
    refuse(
      `quorum ${quorum} needs other hosts to vote, and scope: "process" tells them nothing: leave one out`,
    );
  if (recovery === "all") {
    for (const option of OF_PROBES) {
      if (options[option] !== undefined)
        refuse(`${option} is about probes, and with recovery: "all" nobody probes: leave one out`);
    }
  }
  if (backoffMax < openMs)
    refuse(
      `backoff.max ${formatValue(options.backoff?.max)} is shorter than the circuit's own time, ${openMs} ms`,
    );
  if (retryAfterMax < retryAfterMin)
    refuse(`retryAfter.max, ${retryAfterMax} ms, is shorter than retryAfter.min, ${retryAfterMin} ms`);
  if (quorum > 1 && options.store !== undefined && options.store.swap === undefined)
    refuse(
      `quorum ${quorum} needs a store that can compare and swap, and this one has no swap: use the memory, file, Redis, Upstash, PostgreSQL, MySQL, SQLite, NATS, memcached or DynamoDB store, or leave quorum out`,
    );
}
