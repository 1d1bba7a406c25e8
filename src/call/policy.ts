import { isBranded } from "../errors/brand.js";
import { isFailfastError } from "../errors/failfast-error.js";
import { TimeoutError } from "../errors/timeout-error.js";
import { enabledByEnvironment } from "../options/enabled.js";
import type { ErrorClass, Exceptions, HandleOptions } from "../options/options.js";
import { callTimeoutOf } from "../policy/resolve-settings.js";
import { ask } from "./predicate.js";

/** What an outcome is to the circuit. `neither`: the caller gave up, or the call never got through. */
export type Verdict = "failure" | "success" | "neither";

/** What a signal of a caller tells; structural, so that no platform's types are needed. */
export interface CallerSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
}

type Predicate = (error: unknown) => boolean;

/** How one handle judges the outcome of its calls, and what it does in place of rejecting. */
export interface Policy {
  readonly enabled: true | (() => boolean);
  readonly returns: "promise" | "value" | undefined;
  /** Which returned values are failures, if any are. */
  readonly results: ((value: unknown) => boolean) | undefined;
  readonly fallback: ((this: unknown, error: Error, ...args: unknown[]) => unknown) | undefined;
  /** The deadline of one call, in ms; 0: none. */
  readonly callTimeout: number;
  judge(error: unknown, signal: CallerSignal | undefined): Verdict;
}

/** Works out a handle's options once, at its first call. */
export function makePolicy(options: HandleOptions): Policy {
  const enabled = options.enabled ?? enabledByEnvironment() ?? true;
  const listed = options.exceptions === undefined ? undefined : listedPredicate(options.exceptions);
  const results = options.results as ((value: unknown) => boolean) | undefined;
  return {
    enabled:
      typeof enabled === "function"
        ? () => ask("enabled", enabled, undefined, true)
        : enabled || (() => false),
    returns: options.returns,
    results: results && ((value) => ask("results", results, value, false)),
    fallback: options.fallback as Policy["fallback"],
    callTimeout: callTimeoutOf(options),
    judge(error, signal) {
      if (signal?.aborted && nameOf(signal.reason) !== "TimeoutError") return "neither";
      if (listed !== undefined && ask("exceptions", listed, error, true)) return "failure";
      // A wrapped function's signal can't be seen, but an abort is never the backend's doing.
      if (nameOf(error) === "AbortError" || isFailfastError(error)) return "neither";
      return listed === undefined ? "failure" : "success";
    },
  };
}

/** Classes of errors as the question whether an error is of one of them. */
export function listedPredicate(exceptions: Exceptions): Predicate {
  if (typeof exceptions !== "function") {
    const each = exceptions.map(classPredicate);
    return (error) => each.some((matches) => matches(error));
  }
  return isClass(exceptions) ? classPredicate(exceptions) : (exceptions as Predicate);
}

function classPredicate(errorClass: ErrorClass): Predicate {
  if (!isBranded(errorClass, "TimeoutError")) return (error) => error instanceof (errorClass as never);
  return (error) => error instanceof TimeoutError || nameOf(error) === "TimeoutError";
}

function isClass(value: ErrorClass | Predicate): value is ErrorClass {
  const { prototype } = value as { prototype?: unknown };
  return (
    (value as unknown) === Error ||
    prototype instanceof Error ||
    /^class\b/.test(Function.prototype.toString.call(value))
  );
}

/** The error's name; what can't be read (a revoked proxy, a getter that throws) has none. */
function nameOf(error: unknown): unknown {
  try {
    return typeof error === "object" && error !== null ? (error as { name?: unknown }).name : undefined;
  } catch {
    return undefined;
  }
}
