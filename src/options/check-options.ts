import { closest } from "./closest.js";
import { LONGEST_CALL_SECONDS, milliseconds } from "./duration.js";
import { formatValue, isClass, kindOf } from "./format-value.js";
import {
  type Backoff,
  type FailfastDefaults,
  FLEET,
  HANDLE,
  LENIENT,
  NO_OPTIONS,
  type RetryAfterLimits,
  SHARED,
} from "./options.js";

/** What is wrong with the value of an option. */
type Check = (value: unknown) => string | undefined;
/** The same, where the message has the option's name in it. */
type NamedCheck = (value: unknown, option: string) => string | undefined;

const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string)
      ? undefined
      : `it takes ${values.map((each) => `"${each}"`).join(" or ")}`;
const isCallable = (value: unknown): boolean => typeof value === "function" && !isClass(value);
const aFunction: Check = (value) => (isCallable(value) ? undefined : "it takes a function");
/** A promise would always count as true. */
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

/** Durations have error messages of their own. */
const aTime: NamedCheck = (value, option) => void milliseconds(option, value);
const aTimeOfCalls: NamedCheck = (value, option) => void milliseconds(option, value, LONGEST_CALL_SECONDS);

/** Objects that hold no options, though some look as if they had none: `Object.keys(new Map())` is empty. */
const NO_OPTIONS_IN =
  /^(Array|Date|Promise|Map|Set|WeakMap|WeakSet|RegExp|Error|String|Number|Boolean|AbortSignal)$/;

/** A plain object, a module, or an object of somebody's class, whatever its `Symbol.toStringTag` says. */
const holdsOptions = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !NO_OPTIONS_IN.test(kindOf(value));

/** An object with these fields and no others. */
const hasOnly = (value: unknown, fields: readonly string[]): boolean =>
  holdsOptions(value) && Object.keys(value as object).every((each) => fields.includes(each));

function checkTimes(value: object, option: string, fields: readonly string[]): undefined {
  for (const field of fields) {
    const time = (value as Record<string, unknown>)[field];
    if (time !== undefined) milliseconds(`${option}.${field}`, time);
  }
}

function aBackoff(value: unknown, option: string): string | undefined {
  if (!hasOnly(value, ["factor", "max", "jitter", "forget"]))
    return "it takes { factor, max, jitter, forget }";
  const { factor = 1, jitter = 0 } = value as Backoff;
  if (!(typeof factor === "number" && factor >= 1 && factor <= 100))
    return `its factor ${formatValue(factor)} is not from 1 to 100`;
  if (!(typeof jitter === "number" && jitter >= 0 && jitter <= 1))
    return `its jitter ${formatValue(jitter)} is not from 0 to 1`;
  return checkTimes(value as Backoff, option, ["max", "forget"]);
}

function aRetryAfter(value: unknown, option: string): string | undefined {
  if (typeof value === "boolean") return undefined;
  const { from } = (hasOnly(value, ["from", "min", "max"]) ? value : { from: null }) as RetryAfterLimits;
  if (from !== undefined && !isCallable(from))
    return "it takes true, or { from, min, max } with a function as from";
  return checkTimes(value as RetryAfterLimits, option, ["min", "max"]);
}

const someErrors: Check = (value) =>
  isClass(value) ||
  aPredicate(value) === undefined ||
  (Array.isArray(value) && value.every((each) => typeof each === "function"))
    ? undefined
    : "it takes an error class, a list of them, or a function (error) => boolean";

const CHECKS: Readonly<Record<string, NamedCheck>> = {
  exceptions: someErrors,
  ignore: someErrors,
  results: aPredicate,
  fallback: aFunction,
  fallbackOn: oneOf("open", "failure"),
  enabled: (value) =>
    typeof value === "function"
      ? aPredicate(value)
      : aBoolean(value) && "it takes true, false, or a function that returns one of them",
  returns: oneOf("promise", "value"),
  store: checkStore,
  recovery: (value) =>
    isCallable(value)
      ? undefined
      : oneOf("probe", "all")(value) &&
        'it takes "probe", "all", or a function (signal) => … that checks the backend',
  probes: within(1_000),
  threshold: within(100_000),
  window: aTime,
  failureRate: aRate,
  minimumCalls: aCount,
  consecutive: within(100_000),
  slowCall: aTimeOfCalls,
  slowCallRate: aRate,
  backoff: aBackoff,
  retryAfter: aRetryAfter,
  rampUp: aTime,
  scope: oneOf("process", "confirm", "fleet"),
  quorum: within(32),
  mode: oneOf("enforce", "shadow", "throttle"),
  callTimeout: aTimeOfCalls,
  idleTimeout: aTime,
  shareReason: aBoolean,
  stackTraces: aBoolean,
  maxCircuits: aCount,
  timeout: aTime,
  host: (value) => (typeof value === "string" && value !== "" ? undefined : "it takes a name"),
  report: aBoolean,
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
  "consecutive",
  "failureRate",
  "minimumCalls",
  "slowCallRate",
  "quorum",
  "maxCircuits",
]);

const FIXED: readonly string[] = ["store", "maxCircuits"];

/** Which options are allowed where. */
const OPTIONS: Readonly<Record<"circuit" | "failfast" | "update", readonly string[]>> = {
  circuit: [...HANDLE, ...SHARED],
  failfast: [...HANDLE, ...SHARED, ...FLEET],
  update: ["timeout", ...SHARED.filter((option) => !FIXED.includes(option))],
};

/** @throws {TypeError} anything without these methods. `takes`: what is taken instead, in words. */
export function checkMethods(value: unknown, methods: readonly string[], takes: string): void {
  const held = (value ?? {}) as Record<string, unknown>;
  if (methods.some((method) => typeof held[method] !== "function"))
    throw new TypeError(`${takes}; this is ${formatValue(value)}`);
}

/** @throws {TypeError} anything but a function, or a class. `takes`: what is taken instead, in words. */
export function checkCallable(value: unknown, takes: string): void {
  if (!isCallable(value)) throw new TypeError(`${takes}; this is ${formatValue(value)}`);
}

/**
 * @throws {TypeError} options that are no object, or an object that can't hold options. A `Promise` or a `Map` would
 * look like no options at all, and a function's own `name` would be taken for a circuit's.
 */
export function checkObject(given: unknown): void {
  if (!holdsOptions(given)) throw new TypeError(`the options are ${formatValue(given)}: they take an object`);
}

/** @throws {TypeError} options that are no object, or one of them that is not known. */
export function checkKnown(given: unknown, known: readonly string[]): void {
  checkObject(given);
  for (const option of Object.keys(given as object))
    if (!known.includes(option)) throw unknownOption(option, known);
}

const unknownOption = (option: string, known: readonly string[]): TypeError => {
  if (OPTIONS.failfast.includes(option))
    return new TypeError(`"${option}" can't be given here: there are ${known.join(", ")}`);
  const meant = closest(option, known);
  const hint = meant === undefined ? ": there are" : `; did you mean "${meant}"? There are`;
  return new TypeError(`there is no option "${option}"${hint} ${known.join(", ")}`);
};

/**
 * Checks options where they are given, and removes those that are `undefined`.
 *
 * @throws {TypeError} an unknown option, or a value of the wrong type.
 * @throws {RangeError} a number out of range.
 */
export function checkOptions<T extends FailfastDefaults>(
  given: T | undefined,
  where: "circuit" | "failfast" | "update",
): T {
  if (given === undefined) return NO_OPTIONS as T;
  checkObject(given);
  const known = OPTIONS[where];
  const checked: Record<PropertyKey, unknown> = {};
  if (LENIENT in given) checked[LENIENT] = true;
  checkKnown(given, known);
  // Also what is inherited, and the getters of a class.
  for (const option of known) {
    const value = (given as Record<string, unknown>)[option];
    if (value === undefined) continue;
    const wrong = CHECKS[option]?.(value, option);
    if (wrong !== undefined) {
      const Wrong = typeof value === "number" && NUMBERS.has(option) ? RangeError : TypeError;
      throw new Wrong(`${option} is ${formatValue(value)}: ${wrong}`);
    }
    checked[option] = Array.isArray(value) ? [...value] : value;
  }
  return checked as T;
}
