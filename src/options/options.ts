import type { FailfastError } from "../errors/failfast-error.js";
import type { Clock } from "../runtime/clock.js";
import type { Duration } from "./duration.js";
import type { Signal } from "./signal.js";
import type { Store } from "./store.js";

/** A class of errors, which may be abstract. */
export type ErrorClass = abstract new (...args: never[]) => unknown;

/** Which thrown values count as failures: a class, a list of classes, or a predicate. */
export type Exceptions = ErrorClass | readonly ErrorClass[] | ((error: unknown) => boolean);

/**
 * The options of one handle that `failfast(…)` returns. Two handles of one circuit may have different ones.
 *
 * `R`: what the fallback gives, which becomes part of the result type of guarded functions.
 */
export interface HandleOptions<R = unknown> {
  /**
   * Which thrown values count as failures. Any other thrown value counts as a success, because the backend answered.
   * Default: every error except a caller's own abort, a `FailfastError`, and what a framework throws to leave a
   * function, such as `redirect()` of Next.js. A class also matches an error in a list: in an `AggregateError`, or in
   * `errors` with nothing but errors in it. A list with a `FailfastError` in it is never a success.
   */
  readonly exceptions?: Exceptions | undefined;
  /**
   * Which thrown values count as neither failure nor success, such as an error about bad input. It takes precedence
   * over `exceptions`. A probe that ends like this gives its lease back, and the next call probes. Default: only a
   * caller's own abort and a `FailfastError`. A list of errors counts for nothing only if each error in it does.
   */
  readonly ignore?: Exceptions | undefined;
  /** Which returned values count as failures, for example `(r) => r.status >= 500`. Default: none. */
  // biome-ignore lint/suspicious/noExplicitAny: it is given before the function whose values it judges
  readonly results?: ((value: any) => boolean) | undefined;
  /** Called instead of rejecting, with the error, the call's arguments, and its `this`. Default: none. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever `this` and arguments the guarded functions have
  readonly fallback?: ((this: any, error: FailfastError, ...args: any[]) => R) | undefined;
  /**
   * When the fallback answers. `"open"`: when the circuit rejects the call. `"failure"`: also when the call was made
   * and failed, by a time-out too. The fallback gets the error; `isFailfastError` tells a rejection from a failure. A
   * caller's own abort, and errors that are ignored or count as a success, are thrown. Default: `"open"`.
   */
  readonly fallbackOn?: "open" | "failure" | undefined;
  /**
   * If false, the call goes straight through, as if it were not guarded.
   * Default: the value of `FAILFAST_ENABLED` (`1`, `true`, `on`, `yes` or `0`, `false`, `off`, `no`), or else true.
   */
  readonly enabled?: boolean | (() => boolean) | undefined;
  /**
   * How a wrapped function rejects if it can't be known whether it is sync or async: with a rejected promise, or by
   * throwing. Default: as the function's last call answered.
   */
  readonly returns?: "promise" | "value" | undefined;
  /**
   * The deadline of one async call. After it the call is rejected with a `TimeoutError`, which is always a failure, and
   * the signal that `.run` gave is aborted. A wrapped function has no signal; it is only rejected. Default: none.
   */
  readonly callTimeout?: Duration | undefined;
  /**
   * The longest silence between two items of a `.stream`, or of a body that a client's guard reads. After it the stream
   * fails with a `TimeoutError`, which is always a failure; its signal is aborted and its source is closed. Time during
   * which nobody asks for the next item does not count. Default: none.
   */
  readonly idleTimeout?: Duration | undefined;
}

/** How the open time grows while probes keep failing. */
export interface Backoff {
  /** The factor for each failed probe in a row. Default: 1. */
  readonly factor?: number | undefined;
  /** The longest open time. Default: ten times the circuit's time. */
  readonly max?: Duration | undefined;
  /**
   * Up to this share of the time, from 0 to 1, is taken off at random, once, by the process that writes it. Default: 0.
   */
  readonly jitter?: number | undefined;
  /**
   * How long the circuit must stay closed before the growth starts again. A trip before that continues with the last
   * open time. Default: as long as the circuit was last open.
   */
  readonly forget?: Duration | undefined;
}

/** Limits for the time that a failure asks for. */
export interface RetryAfterLimits {
  /** Finds the time a failure asks for, in seconds. Default: `Retry-After` of a `Response` or of an error's headers. */
  readonly from?: ((failure: unknown) => number | undefined) | undefined;
  /** The shortest time. Default: 1 s. */
  readonly min?: Duration | undefined;
  /** The longest time. Default: ten times the circuit's time. */
  readonly max?: Duration | undefined;
}

/**
 * Checks whether the backend works again, for example by its health endpoint. The circuit closes when the check
 * returns, or its promise resolves, within 10 s, unless the answer is `false` or a `Response` that is not `ok`. If it
 * throws, the circuit stays open and is checked again after its open time. An error that `ignore` names, or the
 * rejection of another circuit, says nothing; the check is soon repeated.
 *
 * @param signal aborts when the check's time is over, and when its result is no longer needed.
 * @param circuit the name of the circuit.
 */
export type RecoveryCheck = (signal: Signal, circuit: string) => unknown;

/** The options of the circuit. A second handle may leave them out or give equal ones; different ones throw. */
export interface CircuitOptions {
  /** Where the state is kept. Default: this process's memory. */
  readonly store?: Store | undefined;
  /**
   * What happens after the open time. `"probe"`: one call in the whole fleet tries the backend. `"all"`: every call
   * goes through, as in Python's failfast. A function is a check: one process of the fleet calls it in the background,
   * even if no calls come, and no user's call is spent. Default: `"probe"`.
   */
  readonly recovery?: "probe" | "all" | RecoveryCheck | undefined;
  /** How many probes must succeed in a row before it closes. Default: 1. */
  readonly probes?: number | undefined;
  /**
   * How many failures within the window, in this process, make it trip or vote. With `failureRate` both must be
   * reached. Default: 1; none if `failureRate` or `consecutive` is given.
   */
  readonly threshold?: number | undefined;
  /** The time over which failures, or calls, are counted. Default: 10 s; 2 min with `mode: "throttle"`. */
  readonly window?: Duration | undefined;
  /** The share of the window's calls, over 0 up to 1, that must have failed. Default: off. */
  readonly failureRate?: number | undefined;
  /** With fewer calls than this in the window no rate is computed. Default: 10. */
  readonly minimumCalls?: number | undefined;
  /**
   * How many failures in a row in this process make it trip or vote, however long that takes. Any success starts the
   * count again. It works beside the other rules: whichever is reached first. Default: off.
   */
  readonly consecutive?: number | undefined;
  /**
   * A call is slow as soon as it has taken this long, even if it has not ended, and whatever its outcome. So a backend
   * that hangs trips the circuit before the time-outs. Default: off.
   */
  readonly slowCall?: Duration | undefined;
  /**
   * The share of the window's calls that must be slow for it to trip. Default, with `slowCall`: 0.5, and in addition a
   * hang: three slow calls in a row, and no success for twice `slowCall`. Both need `minimumCalls` in the window.
   */
  readonly slowCallRate?: number | undefined;
  /** How the open time grows while probes keep failing. Default: not at all. */
  readonly backoff?: Backoff | undefined;
  /**
   * Whether a failure with `Retry-After` decides how long the circuit it trips stays open, for the whole fleet; `true`,
   * or limits for that time. Default: false.
   */
  readonly retryAfter?: boolean | RetryAfterLimits | undefined;
  /**
   * After closing, only a share of the calls is admitted; it grows from a tenth to all over this time. Default: off.
   */
  readonly rampUp?: Duration | undefined;
  /**
   * `"fleet"`: a trip anywhere opens it here. `"confirm"`: after a trip elsewhere, one failure here opens it here.
   * `"process"`: only this process's own failures count, and other processes are not told; operators still reach it.
   * Default: `"fleet"`.
   */
  readonly scope?: "process" | "confirm" | "fleet" | undefined;
  /**
   * How many distinct hosts must vote before the circuit opens for the fleet, at most 32. A host that has voted opens
   * it for itself at once. Needs a store with `swap`. Default: 1.
   */
  readonly quorum?: number | undefined;
  /**
   * `"shadow"` decides and reports, and rejects nothing. `"throttle"` holds back a share of the calls while some of
   * them fail, instead of all or none, and in this process alone; only an operator opens it. Default: `"enforce"`.
   */
  readonly mode?: "enforce" | "shadow" | "throttle" | undefined;
  /** Whether the failure's message is written to the store. Default: false: only the error's name and code are. */
  readonly shareReason?: boolean | undefined;
  /** Whether a rejection has a stack trace, which costs about ten times the rejection. Default: false. */
  readonly stackTraces?: boolean | undefined;
  /** How many circuits a function of the arguments may name at one time in this process. Default: 10 000. */
  readonly maxCircuits?: number | undefined;
}

/** All options of a circuit: those of the handle, and those of the circuit itself. */
export interface FailfastOptions<R = unknown> extends HandleOptions<R>, CircuitOptions {}

/** The options of a circuit that can be changed while it runs: all except where its state is kept. */
export interface CircuitUpdate extends Omit<CircuitOptions, "store" | "maxCircuits"> {
  /** How long it stays open. */
  readonly timeout?: Duration | undefined;
}

/** The options that a `failfast` gives to each of its circuits, and those that make sense only for all of them. */
export interface FailfastDefaults<R = unknown> extends FailfastOptions<R> {
  /** The open time of a circuit if none is given with its name. */
  readonly timeout?: Duration | undefined;
  /** The name of this host in records and events. Default: `FAILFAST_HOST`, or the host's own name. */
  readonly host?: string | undefined;
  /**
   * Whether this process reports its circuits to its stores every few seconds, for `npx failfast` and the dashboard:
   * their state here, their settings, and their number of calls. Circuits with `scope: "process"` are left out.
   * Default: true, unless `FAILFAST_REPORT` says `0`, `false`, `off` or `no`.
   */
  readonly report?: boolean | undefined;
  /** Time, timers and randomness, for tests and simulations. Default: those of the runtime. */
  readonly clock?: Clock | undefined;
}

/** The options of the handle. */
export const HANDLE: readonly (keyof HandleOptions)[] = [
  "exceptions",
  "ignore",
  "results",
  "fallback",
  "fallbackOn",
  "enabled",
  "returns",
  "callTimeout",
  "idleTimeout",
];
/** The options of the circuit; two handles of one circuit must agree on them. */
export const SHARED: readonly (keyof CircuitOptions)[] = [
  "store",
  "recovery",
  "probes",
  "threshold",
  "window",
  "failureRate",
  "minimumCalls",
  "consecutive",
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
];

/**
 * Marks the options of guards for clients and routes, where one bad request or stale connection says nothing. Five
 * failures in a row trip such a circuit, unless it or the defaults set a rule.
 */
export const LENIENT: unique symbol = Symbol.for("failfast.lenient") as never;

/** The options of a guard for a client or a route. */
export const lenient = <T extends FailfastOptions>(options: T): T => ({ ...options, [LENIENT]: true });

/** The options that make sense only for all circuits. */
export const FLEET: readonly (keyof FailfastDefaults)[] = ["timeout", "host", "report", "clock"];

/** Used if no options are given. There is only one such object, so that what is computed from it can be shared. */
export const NO_OPTIONS: FailfastDefaults = Object.freeze({});
