import type { Breaker } from "../breaker/breaker.js";
import type { Failure } from "../breaker/failure.js";
import { SHUT, type Term } from "../breaker/term.js";
import { successChannel } from "../events/events.js";
import { retryAfterOf } from "../policy/retry-after.js";
import { countsSuccesses } from "../policy/trip-rule.js";
import { isThenable } from "../sync/with-deadline.js";
import { Deadline, type Ended } from "./deadline.js";
import { originOf } from "./origin.js";
import type { CallerSignal, Policy, Verdict } from "./policy.js";
import { reasonOf } from "./reason.js";
import { rejectionOf, rejectSoon, retryAfterMsOf } from "./rejection.js";

/** What sees a call's outcome through. */
export interface Handlers {
  readonly onSuccess: ((value: unknown) => unknown) | undefined;
  readonly onFailure: (error: unknown) => never;
}

/** How a function answers: with a promise, with a value, or not known before its first call. */
export type Kind = "promise" | "value" | undefined;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type OnSuccess = Handlers["onSuccess"];
type OnFailure = Handlers["onFailure"];

/**
 * One handle of one circuit: what its calls go through.
 *
 * While the circuit is closed, and nobody asked for more, a call costs one comparison and one derived
 * promise: the two handlers are made once for each term and shared by all the calls admitted under it.
 */
export class Guard implements Handlers {
  readonly policy: Policy;
  readonly breaker: Breaker;
  /** The term that the handlers below are for: while it is the breaker's own, calls pass. */
  term: Term | undefined;
  onSuccess: OnSuccess;
  onFailure: OnFailure = rethrow;
  /** Since the last look for a name to let go. */
  used = true;

  constructor(breaker: Breaker, policy: Policy) {
    this.breaker = breaker;
    this.policy = policy;
  }

  /** Whether a call passes with the handlers at hand. */
  get open(): boolean {
    return this.term === this.breaker.term && !successChannel.hasSubscribers;
  }

  /** What sees a call through that passes with them. */
  get handlers(): Handlers {
    return this;
  }

  /** A call that did not pass at a glance. */
  call(
    fn: AnyFunction,
    self: unknown,
    args: ArrayLike<unknown>,
    kind: Kind,
    signal?: CallerSignal,
    deadline?: Deadline,
  ): unknown {
    const { policy } = this;
    if (policy.enabled !== true && !policy.enabled()) return Reflect.apply(fn, self, args);
    const entered = this.admit(kind === "promise");
    if (entered === undefined) return this.#refuse(fn, self, args, kind, signal, deadline);
    if (entered instanceof Promise) {
      return entered.then((term) => {
        if (term === undefined) return this.#refuse(fn, self, args, kind, signal, deadline);
        if (!signal?.aborted) return this.#run(fn, self, args, term, signal, deadline);
        // Its caller gave up while it waited for the lease.
        this.settled(term, "neither", false);
        throw signal.reason;
      });
    }
    if (entered.passes && signal === undefined && policy.enabled === true && policy.callTimeout === 0) {
      if (!this.breaker.fleet.events.successesObserved) {
        this.onFailure = this.#plainFailureHandler(entered);
        this.onSuccess = this.#successHandler(entered);
        this.term = entered;
      }
    }
    return this.#run(fn, self, args, entered, signal, deadline);
  }

  /** What a call is admitted under; `undefined`: it is not. */
  admit(canWait: boolean): Term | undefined | Promise<Term | undefined> {
    this.breaker.fleet.start();
    return this.breaker.enter(canWait, this.policy.callTimeout);
  }

  /** The rejection of a call that was not admitted, told to who listens. */
  rejection(): Error {
    const error = rejectionOf(this.breaker);
    const { events } = this.breaker.fleet;
    if (events.observed("reject")) events.emit({ type: "reject", circuit: this.breaker.name, error });
    return error;
  }

  /** A call that was admitted under the term threw. */
  threw(term: Term, error: unknown, signal: CallerSignal | undefined, began: number = NO_READING): void {
    const verdict = this.policy.judge(error, signal);
    if (verdict === "failure") this.failed(term, error, this.isSlow(began), false, began);
    else if (verdict === "neither") this.breaker.abandoned(term, retryAfterMsOf(error));
    else this.settled(term, verdict, this.isSlow(began), began);
  }

  /** It counts as a failure, whatever the policy says of it. */
  failed(term: Term, error: unknown, slow: boolean, late = false, began: number = NO_READING): void {
    if (this.#failuresObserved) this.#announceFailure({ error }, began);
    if (term.kind === "held" || term.kind === "shut") return;
    const { clock } = this.breaker.fleet;
    const origin = originOf(error);
    const stalled = late || (origin === "time" && clock.stalled?.() === true);
    this.breaker.failed(term, {
      error,
      reason: reasonOf,
      origin: stalled ? "stall" : origin === "host" ? "host" : "backend",
      slow,
      openFor: this.#openFor(error),
    });
  }

  /** It counts as a success, or as neither. */
  settled(term: Term, verdict: Exclude<Verdict, "failure">, slow: boolean, began: number = NO_READING): void {
    if (verdict === "neither") {
      this.breaker.abandoned(term);
      return;
    }
    const { events } = this.breaker.fleet;
    if (events.successesObserved)
      events.emit({ type: "success", circuit: this.breaker.name, ...this.#took(began) });
    this.breaker.succeeded(term, slow);
  }

  /** A reading for telling later how long the call took; `NO_READING` where nobody asks. */
  began(): number {
    const { settings, fleet } = this.breaker;
    if (fleet.events.successesObserved) return fleet.clock.now();
    return settings.slowCall === 0 ? NO_READING : this.clock();
  }

  /** The clock by which a call is slow or not. */
  get clock(): () => number {
    const { settings, fleet } = this.breaker;
    return settings.slowCall < COARSE_FROM_MS ? fleet.now : fleet.coarse;
  }

  /** A call under the handlers at hand: what wrapped functions do themselves. */
  #run(
    fn: AnyFunction,
    self: unknown,
    args: ArrayLike<unknown>,
    term: Term,
    signal: CallerSignal | undefined,
    given: Deadline | undefined,
  ): unknown {
    const began = this.began();
    const { onSuccess, onFailure } = this.#handlersOf(term, signal, began);
    let result: unknown;
    try {
      result = Reflect.apply(fn, self, args);
    } catch (error) {
      return onFailure(error);
    }
    const { callTimeout } = this.policy;
    if (callTimeout === 0 || !isThenable(result)) return settle(result, onSuccess, onFailure);
    const deadline = given ?? new Deadline(this.breaker.fleet.clock, callTimeout, signal);
    return deadline.watch(result, (ended) => this.#ended(ended, term, onSuccess, onFailure, began));
  }

  #handlersOf(term: Term, signal: CallerSignal | undefined, began: number): Handlers {
    const shared = began === NO_READING && this.term === term;
    if (shared && signal === undefined && this.policy.callTimeout === 0) return this;
    return {
      onFailure: this.#failureHandler(term, signal, began),
      onSuccess: this.#successHandler(term, began),
    };
  }

  #ended(ended: Ended, term: Term, onSuccess: OnSuccess, onFailure: OnFailure, began: number): unknown {
    switch (ended.how) {
      case "value":
        return onSuccess === undefined ? ended.value : onSuccess(ended.value);
      case "error":
        return onFailure(ended.error);
      case "timeout":
        this.failed(term, ended.error, true, ended.late, began);
        throw ended.error;
      case "abort":
        return onFailure(ended.error);
    }
  }

  /** For all the calls under a term; it holds no more than it must, since every name has one. */
  #plainFailureHandler(term: Term): OnFailure {
    return (error) => {
      this.threw(term, error, undefined);
      throw error;
    };
  }

  #failureHandler(term: Term, signal: CallerSignal | undefined, began = NO_READING): OnFailure {
    return (error) => {
      this.threw(term, error, signal, began);
      throw error;
    };
  }

  #successHandler(term: Term, began = NO_READING): OnSuccess {
    const { breaker } = this;
    const { results } = this.policy;
    const counted =
      term.kind === "probe" ||
      (term.kind === "closed" && (countsSuccesses(breaker.settings) || breaker.settings.mode === "throttle"));
    if (results === undefined && !counted && !breaker.fleet.events.successesObserved) return undefined;
    if (results !== undefined || began !== NO_READING)
      return (value) => {
        this.returned(term, value, began);
        return value;
      };
    return (value) => {
      breaker.succeeded(term, false);
      return value;
    };
  }

  /** A call that was admitted under the term returned. */
  returned(term: Term, value: unknown, began: number): void {
    if (!this.policy.results?.(value)) {
      this.settled(term, "success", this.isSlow(began), began);
      return;
    }
    if (this.#failuresObserved) this.#announceFailure({ result: value }, began);
    if (term.kind === "held" || term.kind === "shut") return;
    const failure: Failure = {
      error: undefined,
      reason: ofResult,
      origin: "backend",
      slow: this.isSlow(began),
      openFor: this.#openFor(value),
    };
    this.breaker.failed(term, failure);
  }

  /** A call during which this process itself was blocked can't be told to be slow. */
  isSlow(began: number, now?: number): boolean {
    const { settings, fleet } = this.breaker;
    if (began === NO_READING || settings.slowCall === 0) return false;
    return (now ?? this.clock()) - began >= settings.slowCall && fleet.clock.stalled?.() !== true;
  }

  #openFor(failure: unknown): number | undefined {
    const { retryAfterMax, retryAfterFrom } = this.breaker.settings;
    if (retryAfterMax === 0) return undefined;
    if (retryAfterFrom === undefined) return retryAfterOf(failure, this.breaker.fleet.clock.wall());
    try {
      const seconds = retryAfterFrom(failure);
      return typeof seconds === "number" && seconds >= 0 ? seconds * 1_000 : undefined;
    } catch {
      return undefined;
    }
  }

  get #failuresObserved(): boolean {
    return this.breaker.fleet.events.observed("failure");
  }

  #took(began: number): { durationMs?: number } {
    return began === NO_READING ? {} : { durationMs: this.breaker.fleet.clock.now() - began };
  }

  #announceFailure(outcome: { error: unknown } | { result: unknown }, began: number): void {
    const { name: circuit, fleet } = this.breaker;
    fleet.events.emit({ type: "failure", circuit, ...outcome, ...this.#took(began) });
  }

  #refuse(
    fn: AnyFunction,
    self: unknown,
    args: ArrayLike<unknown>,
    kind: Kind,
    signal: CallerSignal | undefined,
    deadline: Deadline | undefined,
  ): unknown {
    const error = this.rejection();
    if (this.breaker.settings.mode === "shadow") return this.#run(fn, self, args, SHUT, signal, deadline);
    if (this.policy.fallback !== undefined)
      return this.#fallBack(this.policy.fallback, error, self, args, kind);
    if (kind === "promise") return rejectSoon(error);
    throw error;
  }

  #fallBack(
    fallback: NonNullable<Policy["fallback"]>,
    error: Error,
    self: unknown,
    args: ArrayLike<unknown>,
    kind: Kind,
  ): unknown {
    if (kind !== "promise") return fallback.call(self, error, ...Array.from(args));
    return new Promise((resolve) => resolve(fallback.call(self, error, ...Array.from(args))));
  }
}

const ofResult = (): string => "result";

function rethrow(error: unknown): never {
  throw error;
}

/** Where nobody asks how long a call took. */
const NO_READING = -1;
/** Below this the coarse clock is too coarse to tell a slow call, in ms. */
const COARSE_FROM_MS = 200;

/** Sees a result through: a promise to its end, a value at once. */
export function settle(result: unknown, onSuccess: OnSuccess, onFailure: OnFailure): unknown {
  if (result instanceof Promise) return result.then(onSuccess, onFailure);
  if (isThenable(result)) return Promise.resolve(result).then(onSuccess, onFailure);
  return onSuccess === undefined ? result : onSuccess(result);
}
