import type { Clock } from "../clock.js";
import { environment } from "../platform.js";
import type { Store } from "../stores/store.js";
import type { Duration } from "./duration.js";
import type { FailfastError } from "./failfast-error.js";

/** A class of errors; abstract ones too. */
export type ErrorClass = abstract new (...args: never[]) => unknown;

/** Which thrown things count as failures: a class, a list of classes, or a predicate. */
export type Exceptions = ErrorClass | readonly ErrorClass[] | ((error: unknown) => boolean);

/** What belongs to the handle that `failfast(…)` returns: two handles of one circuit may differ in it. */
export interface HandleOptions {
  /**
   * What thrown counts as a failure. What else is thrown counts as a success: the backend answered.
   * Default: every error but a caller's own abort and a `FailfastError`.
   */
  readonly exceptions?: Exceptions | undefined;
  /** Which returned values count as failures, say `(r) => r.status >= 500`. Default: none. */
  results?(value: never): boolean;
  /** Called in place of rejecting, with the error, the call's arguments, and its `this`. Default: none. */
  fallback?(this: unknown, error: FailfastError, ...args: never[]): unknown;
  /**
   * When false the call goes straight through, as if it were not guarded.
   * Default: what `FAILFAST_ENABLED` says (`1`, `true`, `on`, `yes` or `0`, `false`, `off`, `no`), or else true.
   */
  readonly enabled?: boolean | (() => boolean) | undefined;
  /**
   * How a rejection leaves a wrapped function whose kind can't be seen before its first call: as a
   * rejected promise, or thrown. Default: as the function's last call answered.
   */
  readonly returns?: "promise" | "value" | undefined;
  /**
   * The deadline of one async call: past it the call is rejected with a `TimeoutError`, always a failure, and the
   * signal that `.run` gave is aborted. A wrapped function has no signal: it is only rejected. Default: none.
   */
  readonly callTimeout?: Duration | undefined;
}

/** How the open time grows while probes keep failing. */
export interface Backoff {
  /** What each failed probe in a row multiplies it by. Default: 1. */
  readonly factor?: number | undefined;
  /** The longest it gets. Default: ten times the circuit's time. */
  readonly max?: Duration | undefined;
  /** The share of it, from 0 to 1, that chance may take off, drawn once by the process that writes it. Default: 0. */
  readonly jitter?: number | undefined;
}

/** How far a failure that says when to come back is believed. */
export interface RetryAfterLimits {
  /** Finds the time a failure asks for, in seconds. Default: `Retry-After` of a `Response` or of an error's headers. */
  readonly from?: ((failure: unknown) => number | undefined) | undefined;
  /** No shorter than this. Default: 1 s. */
  readonly min?: Duration | undefined;
  /** No longer than this. Default: ten times the circuit's time. */
  readonly max?: Duration | undefined;
}

/** What belongs to the circuit: left out it is inherited, equal it is fine, different it throws. */
export interface CircuitOptions {
  /** Where the state is kept. Default: this process's memory. */
  readonly store?: Store | undefined;
  /**
   * When the open time is up: `"probe"` lets one call in the whole fleet try, `"all"` lets every call
   * through, as Python's failfast did. Default: `"probe"`.
   */
  readonly recovery?: "probe" | "all" | undefined;
  /** How many probes must succeed in a row before it closes. Default: 1. */
  readonly probes?: number | undefined;
  /** How many failures within the window, in this process, make it trip or vote. Default: 1. */
  readonly threshold?: number | undefined;
  /** The time over which failures, or calls, are counted. Default: 10 s, and 2 min with `mode: "throttle"`. */
  readonly window?: Duration | undefined;
  /** In place of `threshold`: the share of the window's calls, over 0 up to 1, that must have failed. Default: off. */
  readonly failureRate?: number | undefined;
  /** A rate says nothing of fewer calls in the window than this. Default: 10. */
  readonly minimumCalls?: number | undefined;
  /** A call that takes this long is slow, whatever comes of it. Default: off. */
  readonly slowCall?: Duration | undefined;
  /** The share of the window's calls that must have been slow for it to trip. Default: 0.5, where `slowCall` is set. */
  readonly slowCallRate?: number | undefined;
  /** How the open time grows while probes keep failing. Default: not at all. */
  readonly backoff?: Backoff | undefined;
  /**
   * Whether a failure that carries `Retry-After` sets how long the circuit it trips stays open, for the whole fleet;
   * `true`, or the limits of that. Default: false.
   */
  readonly retryAfter?: boolean | RetryAfterLimits | undefined;
  /** After closing, a share of calls that grows from a tenth to all is admitted over this time. Default: off. */
  readonly rampUp?: Duration | undefined;
  /**
   * `"fleet"`: a trip anywhere opens it here. `"confirm"`: a trip elsewhere makes one failure here enough.
   * `"process"`: only this process's own failures count, and they are told to nobody; operators still reach it.
   * Default: `"fleet"`.
   */
  readonly scope?: "process" | "confirm" | "fleet" | undefined;
  /**
   * How many distinct hosts must vote before the fleet's circuit opens, at most 32; one that voted is open for itself
   * at once. Takes a store with `swap`. Default: 1.
   */
  readonly quorum?: number | undefined;
  /**
   * `"shadow"` decides and reports, and rejects nothing. `"throttle"` holds back a share of the calls while some of
   * them fail, in place of all or nothing, in this process alone; only an operator opens it. Default: `"enforce"`.
   */
  readonly mode?: "enforce" | "shadow" | "throttle" | undefined;
  /** Whether the failure's message goes into the store. Default: false: only the error's name and code do. */
  readonly shareReason?: boolean | undefined;
  /** Whether a rejection carries a stack trace, which costs about ten times the rejection. Default: false. */
  readonly stackTraces?: boolean | undefined;
  /** How many circuits a function of the arguments may name at a time in this process. Default: 10 000. */
  readonly maxCircuits?: number | undefined;
}

export interface FailfastOptions extends HandleOptions, CircuitOptions {}

/** What a `failfast` gives to each of its circuits, and what only makes sense for all of them. */
export interface FailfastDefaults extends FailfastOptions {
  /** The time a circuit stays open when none is given with its name. */
  readonly timeout?: Duration | undefined;
  /** What this host is called in records and events. Default: `FAILFAST_HOST`, or the host's own name. */
  readonly host?: string | undefined;
  /** Time, timers and chance; for tests and simulations. Default: the runtime's. */
  readonly clock?: Clock | undefined;
}

const HANDLE = ["exceptions", "results", "fallback", "enabled", "returns", "callTimeout"] as const;
const CIRCUIT = [
  "store",
  "recovery",
  "probes",
  "threshold",
  "window",
  "failureRate",
  "minimumCalls",
  "slowCall",
  "slowCallRate",
  "backoff",
  "retryAfter",
  "rampUp",
  "scope",
  "quorum",
  "mode",
  "shareReason",
  "stackTraces",
  "maxCircuits",
] as const;
const FLEET = ["timeout", "host", "clock"] as const;

/** The options that two handles of one circuit must agree on. */
export const SHARED: readonly (keyof CircuitOptions)[] = CIRCUIT;

/** What is given where none are; there is one of it, so that what follows from it can be shared. */
export const NO_OPTIONS: FailfastDefaults = Object.freeze({});

type Check = (value: unknown) => string | undefined;

const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string)
      ? undefined
      : `it takes ${values.map((each) => `"${each}"`).join(" or ")}`;
const aFunction: Check = (value) => (typeof value === "function" ? undefined : "it takes a function");
/** A promise of an answer would always be taken for a yes. */
const aPredicate: Check = (value) =>
  Object.prototype.toString.call(value) === "[object AsyncFunction]"
    ? "it takes a function that answers at once, not an async one"
    : aFunction(value);
const aBoolean: Check = (value) => (typeof value === "boolean" ? undefined : "it takes true or false");
const aCount: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : "it takes a whole number from 1 up";

const aRate: Check = (value) =>
  typeof value === "number" && value > 0 && value <= 1 ? undefined : "it takes a share over 0, up to 1";
const within =
  (most: number): Check =>
  (value) =>
    aCount(value) ?? ((value as number) <= most ? undefined : `it takes at most ${most}`);

/** Checked where they are read: a time has errors of its own. */
const aTime: Check = () => undefined;

/** An object of these fields and no others. */
const hasOnly = (value: unknown, fields: readonly string[]): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).every((each) => fields.includes(each));

function aBackoff(value: unknown): string | undefined {
  const { factor = 1, jitter = 0 } = (value ?? {}) as Backoff;
  if (Array.isArray(value) || !hasOnly(value, ["factor", "max", "jitter"]))
    return "it takes { factor, max, jitter }";
  if (!(typeof factor === "number" && factor >= 1 && factor <= 100))
    return `its factor ${show(factor)} is not from 1 to 100`;
  if (!(typeof jitter === "number" && jitter >= 0 && jitter <= 1))
    return `its jitter ${show(jitter)} is not from 0 to 1`;
  return undefined;
}

const CHECKS: Readonly<Record<string, Check>> = {
  exceptions: (value) =>
    aPredicate(value) === undefined ||
    (Array.isArray(value) && value.every((each) => typeof each === "function"))
      ? undefined
      : "it takes an error class, a list of them, or a function (error) => boolean",
  results: aPredicate,
  fallback: aFunction,
  enabled: (value) =>
    typeof value === "function"
      ? aPredicate(value)
      : aBoolean(value) && "it takes true, false, or a function that says so",
  returns: oneOf("promise", "value"),
  store: checkStore,
  recovery: oneOf("probe", "all"),
  probes: within(1_000),
  threshold: within(100_000),
  window: aTime,
  failureRate: aRate,
  minimumCalls: aCount,
  slowCall: aTime,
  slowCallRate: aRate,
  backoff: aBackoff,
  retryAfter: (value) =>
    typeof value === "boolean" ||
    (hasOnly(value, ["from", "min", "max"]) &&
      ["undefined", "function"].includes(typeof (value as RetryAfterLimits).from))
      ? undefined
      : "it takes true, or { from, min, max }, of which from is a function",
  rampUp: aTime,
  scope: oneOf("process", "confirm", "fleet"),
  quorum: within(32),
  mode: oneOf("enforce", "shadow", "throttle"),
  callTimeout: aTime,
  shareReason: aBoolean,
  stackTraces: aBoolean,
  maxCircuits: aCount,
  timeout: aTime,
  host: (value) => (typeof value === "string" && value !== "" ? undefined : "it takes a name"),
  clock: (value) => verbs(value, ["now", "wall", "random", "after"], "a clock"),
};

function checkStore(store: unknown): string | undefined {
  const missing = verbs(store, ["get", "set", "delete"], "a store");
  if (missing !== undefined) return missing;
  for (const verb of ["swap", "list", "watch"] as const) {
    const value = (store as Record<string, unknown>)[verb];
    if (value !== undefined && typeof value !== "function") return `its ${verb} is not a function`;
  }
  return undefined;
}

function verbs(value: unknown, names: readonly string[], what: string): string | undefined {
  const held = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const missing = names.filter((name) => typeof held[name] !== "function");
  return missing.length === 0
    ? undefined
    : `it takes ${what}, an object with ${names.join(", ")}; it has no ${missing.join(", ")}`;
}

const NUMBERS = new Set([
  "probes",
  "threshold",
  "failureRate",
  "minimumCalls",
  "slowCallRate",
  "quorum",
  "maxCircuits",
]);

/** Shows a value that was given, in an error. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return String(value);
}

/**
 * Checks options where they are given, and drops what is left out.
 *
 * @throws {TypeError} an option that there isn't, or a value of the wrong kind.
 * @throws {RangeError} a number out of range.
 */
export function checkOptions<T extends FailfastDefaults>(
  given: T | undefined,
  where: "circuit" | "failfast",
): T {
  if (given === undefined) return NO_OPTIONS as T;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TypeError(`the options are ${show(given)}: they take an object`);
  }
  const known: readonly string[] =
    where === "circuit" ? [...HANDLE, ...CIRCUIT] : [...HANDLE, ...CIRCUIT, ...FLEET];
  const checked: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(given)) {
    if (!known.includes(option)) {
      throw new TypeError(`there is no option "${option}": there are ${known.join(", ")}`);
    }
    if (value === undefined) continue;
    const wrong = CHECKS[option]?.(value);
    if (wrong !== undefined) {
      const Wrong = typeof value === "number" && NUMBERS.has(option) ? RangeError : TypeError;
      throw new Wrong(`${option} is ${show(value)}: ${wrong}`);
    }
    checked[option] = Array.isArray(value) ? [...value] : value;
  }
  return checked as T;
}

/**
 * What `FAILFAST_ENABLED` says, or `undefined` where it says nothing.
 *
 * @throws {TypeError} when it says something else than yes or no.
 */
export function enabledByEnvironment(): boolean | undefined {
  const said = environment("FAILFAST_ENABLED")?.trim().toLowerCase();
  if (said === undefined || said === "") return undefined;
  if (["1", "true", "on", "yes"].includes(said)) return true;
  if (["0", "false", "off", "no"].includes(said)) return false;
  throw new TypeError(`FAILFAST_ENABLED is ${show(said)}: it takes 1, true, on, yes, or 0, false, off, no`);
}
