import { LONGEST_CALL_SECONDS, milliseconds } from "../options/duration.js";
import { formatValue } from "../options/format-value.js";
import { callTimeoutMs, idleTimeoutMs } from "../options/handle-times.js";
import type { FailfastDefaults, FailfastOptions } from "../options/options.js";
import type { CircuitSettings } from "./settings.js";

/** The options that concern only probes. */
export const PROBE_OPTIONS = ["probes", "backoff", "rampUp"] as const;
/** The options that concern tripping. */
export const TRIP_OPTIONS = [
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

const refuse = (why: string): never => {
  throw new TypeError(why);
};

/**
 * Refuses options that contradict each other.
 *
 * @param given the options that are valid for the circuit: its own over the defaults.
 * @param own those given at the circuit.
 */
export function refuseContradictions(given: FailfastDefaults, own: FailfastOptions): void {
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
  idleTimeoutMs(given);
  const timeout = callTimeoutMs(given);
  if (timeout > 0 && own.slowCall && milliseconds("slowCall", own.slowCall, LONGEST_CALL_SECONDS) >= timeout)
    refuse(
      `slowCall ${formatValue(own.slowCall)} is never reached under a callTimeout of ${formatValue(given.callTimeout)}`,
    );
  if (given.mode === "throttle") {
    for (const option of TRIP_OPTIONS) {
      if (has(option))
        refuse(`${option} is about tripping, and with mode: "throttle" no failure trips: leave one out`);
    }
    if (given.scope === "confirm")
      refuse('scope: "confirm" is about tripping, and with mode: "throttle" no failure trips: leave one out');
  }
}

/** Refuses settings that would have no effect, or that contradict each other once every default is filled in. */
export function refuseUselessSettings(
  settings: CircuitSettings,
  options: FailfastDefaults,
  own: FailfastOptions,
): void {
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
    for (const option of PROBE_OPTIONS) {
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
