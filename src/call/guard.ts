import type { Breaker } from "../breaker/breaker.js";
import type { Term } from "../breaker/term.js";
import { isThenable } from "../replica/within.js";
import { successChannel } from "../surface/events.js";
import type { HandleOptions } from "../surface/options.js";
import { type CallerSignal, makePolicy, type Policy, reasonOf } from "./policy.js";
import { rejectionOf, rejectSoon } from "./rejection.js";

/** How a function answers: with a promise, with a value, or not known before its first call. */
export type Kind = "promise" | "value" | undefined;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type OnSuccess = ((value: unknown) => unknown) | undefined;
type OnFailure = (error: unknown) => never;

/**
 * One handle of one circuit: what its calls go through.
 *
 * While the circuit is closed, and nobody asked for more, a call costs one comparison and one derived
 * promise: the two handlers are made once for each term and shared by all the calls admitted under it.
 */
export class Guard {
  readonly policy: Policy;
  readonly breaker: Breaker;
  /** The term that the handlers below are for: while it is the breaker's own, calls pass. */
  term: Term | undefined;
  onSuccess: OnSuccess;
  onFailure: OnFailure | undefined;
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

  /** A call that did not pass at a glance. */
  call(fn: AnyFunction, self: unknown, args: ArrayLike<unknown>, kind: Kind, signal?: CallerSignal): unknown {
    const { policy, breaker } = this;
    if (policy.enabled !== true && !policy.enabled()) return Reflect.apply(fn, self, args);
    breaker.fleet.replica.synchroniser.start();
    const entered = breaker.enter(kind === "promise");
    if (entered === undefined) return this.#reject(self, args, kind);
    if (entered instanceof Promise) {
      return entered.then((term) =>
        term === undefined ? this.#reject(self, args, kind) : this.#run(fn, self, args, term, signal),
      );
    }
    if (entered.passes && signal === undefined && policy.enabled === true) {
      this.onFailure = this.#failureHandler(entered, undefined);
      this.onSuccess = this.#successHandler(entered);
      this.term = entered;
    }
    return this.#run(fn, self, args, entered, signal);
  }

  /** A call under the handlers at hand: what wrapped functions do themselves. */
  #run(
    fn: AnyFunction,
    self: unknown,
    args: ArrayLike<unknown>,
    term: Term,
    signal: CallerSignal | undefined,
  ): unknown {
    const shared = this.term === term && signal === undefined;
    const onFailure = shared && this.onFailure ? this.onFailure : this.#failureHandler(term, signal);
    const onSuccess = shared ? this.onSuccess : this.#successHandler(term);
    let result: unknown;
    try {
      result = Reflect.apply(fn, self, args);
    } catch (error) {
      return onFailure(error);
    }
    return settle(result, onSuccess, onFailure);
  }

  #failureHandler(term: Term, signal: CallerSignal | undefined): OnFailure {
    return (error) => {
      this.#judged(term, error, signal);
      throw error;
    };
  }

  #judged(term: Term, error: unknown, signal: CallerSignal | undefined): void {
    const verdict = this.policy.judge(error, signal);
    const { breaker } = this;
    if (verdict === "failure") {
      this.#announceFailure({ error });
      if (term.kind !== "held") breaker.failed(term, error, reasonOf(error, breaker.settings.shareReason));
    } else if (verdict === "neither") {
      breaker.abandoned(term);
    } else {
      this.#succeeded(term);
    }
  }

  #successHandler(term: Term): OnSuccess {
    const { results } = this.policy;
    if (results === undefined && term.kind !== "probe" && !this.breaker.fleet.events.observed("success"))
      return undefined;
    return (value) => {
      if (results?.(value)) {
        this.#announceFailure({ result: value });
        if (term.kind !== "held") this.breaker.failed(term, undefined, "result");
      } else {
        this.#succeeded(term);
      }
      return value;
    };
  }

  #succeeded(term: Term): void {
    const { events } = this.breaker.fleet;
    if (events.observed("success")) events.emit({ type: "success", circuit: this.breaker.name });
    this.breaker.succeeded(term);
  }

  #announceFailure(outcome: { error?: unknown; result?: unknown }): void {
    const { events } = this.breaker.fleet;
    if (events.observed("failure")) events.emit({ type: "failure", circuit: this.breaker.name, ...outcome });
  }

  #reject(self: unknown, args: ArrayLike<unknown>, kind: Kind): unknown {
    const error = rejectionOf(this.breaker);
    const { events } = this.breaker.fleet;
    if (events.observed("reject")) events.emit({ type: "reject", circuit: this.breaker.name, error });
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

/** Sees a result through: a promise to its end, a value at once. */
export function settle(result: unknown, onSuccess: OnSuccess, onFailure: OnFailure): unknown {
  if (result instanceof Promise) return result.then(onSuccess, onFailure);
  if (isThenable(result)) return Promise.resolve(result).then(onSuccess, onFailure);
  return onSuccess === undefined ? result : onSuccess(result);
}

export const guardOf = (breaker: Breaker, options: HandleOptions): Guard =>
  new Guard(breaker, makePolicy(options));
