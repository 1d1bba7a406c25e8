import type { FailfastError } from "../errors/failfast-error.js";
import type { Clock } from "../runtime/clock.js";
import type { Duration } from "./duration.js";
import type { Signal } from "./signal.js";
import type { Store } from "./store.js";

/** A class of errors; abstract ones too. */
export type ErrorClass = abstract new (...args: never[]) => unknown;

/** Which thrown things count as failures: a class, a list of classes, or a predicate. */
export type Exceptions = ErrorClass | readonly ErrorClass[] | ((error: unknown) => boolean);

/**
 * What belongs to the handle that `failfast(…)` returns: two handles of one circuit may differ in it.
 *
 * `R`: what the fallback gives, which becomes part of what guarded functions give.
 */
export interface HandleOptions<R = unknown> {
  /**
   * What thrown counts as a failure. What else is thrown counts as a success: the backend answered.
   * Default: every error but a caller's own abort and a `FailfastError`.
   */
  readonly exceptions?: Exceptions | undefined;
  /**
   * What thrown counts as neither failure nor success: bad input, say. Wins over `exceptions`; a probe that ends so
   * gives its lease back, and the next call probes. Default: none, but a caller's own abort and a `FailfastError`.
   */
  readonly ignore?: Exceptions | undefined;
  /** Which returned values count as failures, say `(r) => r.status >= 500`. Default: none. */
  // biome-ignore lint/suspicious/noExplicitAny: it is given before the function whose values it judges
  readonly results?: ((value: any) => boolean) | undefined;
  /** Called in place of rejecting, with the error, the call's arguments, and its `this`. Default: none. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever `this` and arguments the guarded functions have
  readonly fallback?: ((this: any, error: FailfastError, ...args: any[]) => R) | undefined;
  /**
   * When the fallback answers. `"open"`: where the circuit rejects the call. `"failure"`: also where the call was made
   * and threw what counts as a failure, a time-out too: it gets that error, and tells it from a rejection by
   * `isFailfastError`. A caller's own abort, and what is ignored or counts as a success, is thrown. Default: `"open"`.
   */
  readonly fallbackOn?: "open" | "failure" | undefined;
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
  /**
   * The longest silence between two items of a `.stream`, or of a body that a guard of a client reads: past it the stream
   * fails with a `TimeoutError`, always a failure, its signal is aborted and its source is closed. Time in
   * which nobody asks for the next item is no silence. Default: none.
   */
  readonly idleTimeout?: Duration | undefined;
}

/** How the open time grows while probes keep failing. */
export interface Backoff {
  /** What each failed probe in a row multiplies it by. Default: 1. */
  readonly factor?: number | undefined;
  /** The longest it gets. Default: ten times the circuit's time. */
  readonly max?: Duration | undefined;
  /** The share of it, from 0 to 1, that chance may take off, drawn once by the process that writes it. Default: 0. */
  readonly jitter?: number | undefined;
  /**
   * How long it must have stayed closed for the growth to begin anew: a trip before that goes on where the last one
   * ended. Default: as long as it was last open.
   */
  readonly forget?: Duration | undefined;
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

/**
 * Tells whether the backend is well again, as a health endpoint does. The circuit closes when it returns, or its promise
 * resolves, within 10 s, unless to `false` or to a `Response` that is not `ok`; whatever it throws, it stays open, and is
 * checked again after its time. What `ignore` names, and the rejection of another circuit, says nothing: it is checked
 * again soon.
 *
 * @param signal aborts when its time is over, and when the check is of no more use.
 * @param circuit the name of the circuit.
 */
export type RecoveryCheck = (signal: Signal, circuit: string) => unknown;

/** What belongs to the circuit: left out it is inherited, equal it is fine, different it throws. */
export interface CircuitOptions {
  /** Where the state is kept. Default: this process's memory. */
  readonly store?: Store | undefined;
  /**
   * When the open time is up: `"probe"` lets one call in the whole fleet try, `"all"` lets every call
   * through, as Python's failfast did. A function is a check: one process of the fleet calls it in the background, also
   * where no calls come, and no user's call is spent. Default: `"probe"`.
   */
  readonly recovery?: "probe" | "all" | RecoveryCheck | undefined;
  /** How many probes must succeed in a row before it closes. Default: 1. */
  readonly probes?: number | undefined;
  /**
   * How many failures within the window, in this process, make it trip or vote. With `failureRate` both must hold.
   * Default: 1, and none where `failureRate` or `consecutive` is given.
   */
  readonly threshold?: number | undefined;
  /** The time over which failures, or calls, are counted. Default: 10 s, and 2 min with `mode: "throttle"`. */
  readonly window?: Duration | undefined;
  /** The share of the window's calls, over 0 up to 1, that must have failed. Default: off. */
  readonly failureRate?: number | undefined;
  /** A rate says nothing of fewer calls in the window than this. Default: 10. */
  readonly minimumCalls?: number | undefined;
  /**
   * So many failures in a row in this process make it trip or vote, however long that takes; any success starts anew.
   * Beside the others: whichever is met first. Default: off.
   */
  readonly consecutive?: number | undefined;
  /**
   * A call is slow from the moment it has taken this long, while it is still under way, and whatever comes of it: a
   * backend that hangs trips the circuit before the time-outs. Default: off.
   */
  readonly slowCall?: Duration | undefined;
  /**
   * The share of the window's calls that must be slow for it to trip. Default: 0.5, where `slowCall` is set, and beside
   * it a hang: three slow calls in a row, and no success for twice `slowCall`. Both need `minimumCalls` in the window.
   */
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

export interface FailfastOptions<R = unknown> extends HandleOptions<R>, CircuitOptions {}

/** What of a circuit can be changed while it runs: all but where its state is kept. */
export interface CircuitUpdate extends Omit<CircuitOptions, "store" | "maxCircuits"> {
  /** How long it stays open. */
  readonly timeout?: Duration | undefined;
}

/** What a `failfast` gives to each of its circuits, and what only makes sense for all of them. */
export interface FailfastDefaults<R = unknown> extends FailfastOptions<R> {
  /** The time a circuit stays open when none is given with its name. */
  readonly timeout?: Duration | undefined;
  /** What this host is called in records and events. Default: `FAILFAST_HOST`, or the host's own name. */
  readonly host?: string | undefined;
  /**
   * Whether this process reports its circuits to its stores, every few seconds, for `npx failfast` and the dashboard:
   * what state they are in here, their settings, and how many calls they had. Circuits with `scope: "process"` are left
   * out. Default: what `FAILFAST_REPORT` says (`0`, `false`, `off` or `no`: it doesn't), or else true.
   */
  readonly report?: boolean | undefined;
  /** Time, timers and chance; for tests and simulations. Default: the runtime's. */
  readonly clock?: Clock | undefined;
}

/** The options that belong to the handle. */
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
/** Those of the circuit, on which two handles of it must agree. */
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
 * Marks the options of guards for clients and routes, where one bad request or stale connection says nothing: five
 * failures in a row trip it, unless it or the defaults say what does.
 */
export const LENIENT: unique symbol = Symbol.for("failfast.lenient") as never;

/** The options of a guard for a client or a route. */
export const lenient = <T extends FailfastOptions>(options: T): T => ({ ...options, [LENIENT]: true });

/** Those that only make sense for all circuits. */
export const FLEET: readonly (keyof FailfastDefaults)[] = ["timeout", "host", "report", "clock"];

/** What is given where none are; there is one of it, so that what follows from it can be shared. */
export const NO_OPTIONS: FailfastDefaults = Object.freeze({});
