import { isBranded } from "../errors/brand.js";
import { walkCauses } from "../errors/causes.js";
import { isFailfastError, isRejectionAlone } from "../errors/failfast-error.js";
import { TimeoutError } from "../errors/timeout-error.js";
import { enabledByEnvironment } from "../options/enabled.js";
import { isErrorClass, isInstance } from "../options/error-class.js";
import { callTimeoutMs, idleTimeoutMs } from "../options/handle-times.js";
import type { ErrorClass, Exceptions, HandleOptions } from "../options/options.js";
import { isControlFlow } from "./control-flow.js";
import { ask } from "./predicate.js";

/** How the circuit counts an outcome. `neither`: the caller gave up, or the call never reached the backend. */
export type Verdict = "failure" | "success" | "neither";

/** What is read from a caller's signal. Structural, so that no platform's types are needed. */
export interface CallerSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  /** Called when the call's deadline has passed, before the outcome is judged. */
  expire?(): void;
}

/** An error with which a server answered, in the place of a returned value. `results` does not judge it. */
export class Answered {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

type Predicate = (error: unknown) => boolean;

/** How one handle judges the outcomes of its calls, and what it does instead of rejecting. */
export interface CallPolicy {
  readonly enabled: true | (() => boolean);
  readonly returns: "promise" | "value" | undefined;
  /** Which returned values are failures, if there are any. */
  readonly results: ((value: unknown) => boolean) | undefined;
  readonly fallback: ((this: unknown, error: unknown, ...args: unknown[]) => unknown) | undefined;
  /** Whether the fallback also answers for calls that were made and failed. */
  readonly coversFailures: boolean;
  /** The deadline of one call, in ms; 0: none. */
  readonly callTimeout: number;
  /** The longest silence of a stream, in ms; 0: no limit. */
  readonly idleTimeout: number;
  judge(error: unknown, signal: CallerSignal | undefined): Verdict;
}

/** Works out a handle's options once, at its first call. */
export function makeCallPolicy(options: HandleOptions): CallPolicy {
  const enabled = options.enabled ?? enabledByEnvironment() ?? true;
  const listed = options.exceptions === undefined ? undefined : listedPredicate(options.exceptions);
  const ignored = options.ignore === undefined ? undefined : predicateOf(options.ignore);
  const forNothing = (part: unknown): true | undefined =>
    (ignored !== undefined && ask("ignore", ignored, part, false)) || isControlFlow(part) || undefined;
  const results = options.results as ((value: unknown) => boolean) | undefined;
  return {
    enabled:
      typeof enabled === "function"
        ? () => ask("enabled", enabled, undefined, true)
        : enabled || (() => false),
    returns: options.returns,
    results: results && ((value) => !(value instanceof Answered) && ask("results", results, value, false)),
    fallback: options.fallback as CallPolicy["fallback"],
    callTimeout: callTimeoutMs(options),
    idleTimeout: idleTimeoutMs(options),
    coversFailures: options.fallback !== undefined && options.fallbackOn === "failure",
    judge(error, signal) {
      // Only the signal shows whether the caller aborted, whatever error is thrown.
      if (signal?.aborted && !isTimeout(signal.reason)) return "neither";
      if (ignored !== undefined && ask("ignore", ignored, error, false)) return "neither";
      if (isRejectionAlone(error, forNothing)) return "neither";
      if (isControlFlow(error)) return "neither";
      if (listed === undefined) return "failure";
      if (ask("exceptions", listed, error, true)) return "failure";
      // A backend that was not called has not succeeded.
      return isFailfastError(error) ? "neither" : "success";
    },
  };
}

/**
 * Turns classes of errors into a predicate: is the error an instance of one of them, or is one in its list, as
 * `Promise.any` throws it?
 */
export function listedPredicate(exceptions: Exceptions): Predicate {
  const matches = predicateOf(exceptions);
  if (matches === exceptions) return matches;
  const part = (each: unknown): true | undefined => matches(each) || undefined;
  return (error) => matches(error) || walkCauses(error, notFound, isOneOf, part) === true;
}

const notFound = (): undefined => undefined;

const isOneOf = (found: readonly (true | undefined)[]): true | undefined => found.find((each) => each);

function predicateOf(exceptions: Exceptions): Predicate {
  if (typeof exceptions === "function" && !isErrorClass(exceptions)) return exceptions as Predicate;
  const each = [exceptions].flat().map((errorClass) => classPredicate(errorClass as ErrorClass));
  return (error) => each.some((ofClass) => ofClass(error));
}

function classPredicate(errorClass: ErrorClass): Predicate {
  if (!isBranded(errorClass, "TimeoutError")) return (error) => isInstance(error, errorClass);
  return (error) => error instanceof TimeoutError || isTimeout(error);
}

/**
 * Ours, or what `AbortSignal.timeout()` throws. An error that can't be read (a revoked proxy, a throwing getter) is
 * neither.
 */
export function isTimeout(error: unknown): boolean {
  try {
    return (error as { name?: unknown } | null | undefined)?.name === "TimeoutError";
  } catch {
    return false;
  }
}
