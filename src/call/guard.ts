import { type Admission, REJECTING } from "../breaker/admission.js";
import type { Breaker } from "../breaker/breaker.js";
import type { Failure } from "../breaker/failure.js";
import { runWithinProbe } from "../breaker/probe-context.js";
import { countsSuccessesOf } from "../breaker/traffic.js";
import { CallGroup } from "../breaker/under-way.js";
import { isFailfastError } from "../errors/failfast-error.js";
import { successChannel } from "../events/events.js";
import { retryAfterOf } from "../policy/retry-after.js";
import type { Clock } from "../runtime/clock.js";
import { isThenable } from "../sync/with-deadline.js";
import { Deadline } from "./deadline.js";
import { Excuses, wasBlocked } from "./excuse.js";
import { neverAborting } from "./never-aborting.js";
import { originOf } from "./origin.js";
import type { CallerSignal, Policy, Verdict } from "./policy.js";
import { reasonOf } from "./reason.js";
import { isRejectionOf, markShadow, rejectionOf, rejectSoon, retryAfterMsOf } from "./rejection.js";

/** What sees a call's outcome through. */
export interface Handlers {
  readonly onSuccess: ((value: unknown) => unknown) | undefined;
  readonly onFailure: (error: unknown) => unknown;
}

/** Handlers of several calls. */
export interface SharedHandlers extends Handlers {
  /** In place of `onFailure`, for one of them whose caller may have given up. */
  failing(signal: CallerSignal): Handlers["onFailure"];
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
 * promise: the two handlers are made once for each admission and shared by all the calls admitted under it.
 */
export class Guard implements SharedHandlers {
  readonly policy: Policy;
  readonly breaker: Breaker;
  /** The admission that the handlers below are for: while it is the breaker's own, calls pass. */
  admission: Admission | undefined;
  onSuccess: OnSuccess;
  onFailure: OnFailure = rethrow;
  /** Since the last look for a name to let go. */
  used = true;
  #excuses: Excuses | undefined;

  constructor(breaker: Breaker, policy: Policy) {
    this.breaker = breaker;
    this.policy = policy;
  }

  /** What sees a call of a function of that kind through, where it passes with no further look. */
  fastHandlers(_: Kind): SharedHandlers | undefined {
    return this.admission === this.breaker.admission && !successChannel.hasSubscribers ? this : undefined;
  }

  failing(signal: CallerSignal): OnFailure {
    return this.#failureHandler(this.admission as Admission, signal);
  }

  /** The slow path of a call. */
  call(
    fn: AnyFunction,
    self: unknown,
    args: ArrayLike<unknown>,
    kind: Kind,
    signal?: CallerSignal,
    deadline?: Deadline,
  ): unknown {
    const { policy } = this;
    if (policy.enabled !== true && !policy.enabled()) {
      // Without a deadline a block has its caller's own signal.
      return Reflect.apply(fn, self, deadline === undefined ? args : [signal ?? neverAborting()]);
    }
    const entered = this.admit(kind === "promise");
    if (entered === undefined) return this.#refuse(fn, self, args, kind, signal, deadline);
    if (entered instanceof Promise) {
      return entered.then((admission) => {
        if (admission === undefined) return this.#refuse(fn, self, args, kind, signal, deadline);
        if (!signal?.aborted) return this.perform(fn, self, args, admission, signal, deadline);
        // The caller gave up while waiting for the lease.
        this.recordOutcome(admission, "neither");
        throw signal.reason;
      });
    }
    const { sampler } = this.breaker;
    if (sampler !== undefined)
      return sampler.time(this.breaker, () => this.perform(fn, self, args, entered, signal, deadline));
    const plain = policy.enabled === true && policy.callTimeout === 0 && !policy.coversFailures;
    if (plain && this.measures && entered.admitsAll && this.admission !== entered) {
      if (!this.breaker.session.events.successesObserved) {
        this.onFailure = this.#plainFailureHandler(entered);
        this.onSuccess = this.#successHandler(entered);
        this.admission = entered;
      }
    }
    return this.perform(fn, self, args, entered, signal, deadline);
  }

  /** What a call is admitted under; `undefined`: it is not. */
  admit(canWait: boolean): Admission | undefined | Promise<Admission | undefined> {
    this.breaker.session.start();
    return this.breaker.enter(canWait, this.policy.callTimeout);
  }

  /** The rejection of a call that was not admitted, told to who listens. */
  rejection(): Error {
    const { breaker } = this;
    breaker.rejections++;
    const error = rejectionOf(breaker);
    const { events } = breaker.session;
    if (events.observed("reject")) {
      if (this.#shadow) markShadow(error);
      events.emit({ type: "reject", circuit: breaker.name, error }, this.#shadow);
    }
    return error;
  }

  /** A call that was admitted under the admission threw. */
  threw(
    admission: Admission,
    error: unknown,
    signal: CallerSignal | undefined,
    call?: CallGroup | undefined,
  ): Verdict {
    const verdict = this.policy.judge(error, signal);
    if (verdict === "failure") this.failed(admission, error, this.isSlow(call), call);
    else if (verdict === "neither")
      this.breaker.released(admission, retryAfterMsOf(error), isRejectionOf(error, this.breaker.name));
    else this.recordOutcome(admission, verdict, call);
    return verdict;
  }

  /** It counts as a failure, whatever the policy says of it. */
  failed(
    admission: Admission,
    error: unknown,
    slow: boolean,
    call: CallGroup | undefined,
    began: number | undefined = call?.beganMs,
    lateMs = 0,
  ): void {
    if (this.#failuresObserved) this.#announceFailure({ error }, call);
    if (admission.kind !== "closed" && admission.kind !== "probe") return;
    const { clock } = this.breaker.session;
    const origin = originOf(error);
    const stalled = origin === "time" && this.#excused(clock, began, lateMs);
    this.breaker.failed(admission, {
      error,
      reason: reasonOf,
      origin: stalled ? "stall" : origin === "host" ? "host" : "backend",
      slow,
      countedAtMs: call?.countedAtMs,
      openFor: this.#openFor(error),
    });
  }

  /** It counts as a success, or as neither. */
  recordOutcome(
    admission: Admission,
    verdict: Exclude<Verdict, "failure">,
    call?: CallGroup | undefined,
    slow: boolean = this.isSlow(call),
    countedAtMs: number | undefined = call?.countedAtMs,
  ): void {
    if (verdict === "neither") {
      this.breaker.released(admission);
      return;
    }
    const { events } = this.breaker.session;
    if (events.successesObserved)
      events.emit({ type: "success", circuit: this.breaker.name, ...this.#took(call) }, this.#shadow);
    if (this.#successCounts(admission)) this.breaker.succeeded(admission, slow, undefined, countedAtMs);
  }

  #successCounts({ kind }: Admission): boolean {
    return kind === "probe" || (kind === "closed" && countsSuccessesOf(this.breaker.settings));
  }

  #excused(clock: Clock, began: number | undefined, lateMs: number): boolean {
    this.#excuses ??= new Excuses();
    return this.#excuses.excuses(clock, began, lateMs);
  }

  /** A call that begins now; `undefined` where nobody asks how long it takes. */
  begin(admission: Admission): CallGroup | undefined {
    const { settings, session } = this.breaker;
    const asked = session.events.successesObserved || settings.slowCall > 0;
    return asked ? new CallGroup(admission, session.clock.now()) : undefined;
  }

  /** Whether the handlers of calls that pass with no further look measure what has to be measured. */
  protected get measures(): boolean {
    return this.breaker.settings.slowCall === 0;
  }

  /** A call under the handlers at hand: what wrapped functions do themselves. */
  perform(
    fn: AnyFunction,
    self: unknown,
    args: ArrayLike<unknown>,
    admission: Admission,
    signal: CallerSignal | undefined,
    given: Deadline | undefined,
  ): unknown {
    const call = this.begin(admission);
    const cover = this.policy.coversFailures ? { self, args } : undefined;
    const { onSuccess, onFailure } = this.#handlersOf(admission, signal, call, cover);
    let result: unknown;
    try {
      result =
        admission.kind === "probe"
          ? runWithinProbe(this.breaker, admission.epoch, () => Reflect.apply(fn, self, args))
          : Reflect.apply(fn, self, args);
    } catch (error) {
      return onFailure(error);
    }
    if (!isThenable(result)) {
      if (call === undefined) return attachHandlers(result, onSuccess, onFailure);
      // A sync call has the process to itself: if it is slow, that is its own doing.
      const { settings, session } = this.breaker;
      const slow = settings.slowCall > 0 && session.clock.now() - call.beganMs >= settings.slowCall;
      this.returned(admission, result, call, slow);
      return result;
    }
    if (call !== undefined) this.breaker.underWay.add(call);
    const { callTimeout } = this.policy;
    if (callTimeout === 0) return attachHandlers(result, onSuccess, onFailure);
    const deadline = given ?? new Deadline(this.breaker.session.clock, callTimeout, undefined);
    return deadline.watch(result, (ended) => {
      if (ended.how === "value") return onSuccess === undefined ? ended.value : onSuccess(ended.value);
      if (ended.how === "timeout") signal?.expire?.();
      // Its caller may have left it, and not by its signal.
      if (ended.how !== "timeout" || signal?.aborted) return onFailure(ended.error);
      if (call !== undefined) call.underWay--;
      this.failed(admission, ended.error, true, call, ended.began, ended.lateMs);
      return this.#thrown(ended.error, "failure", cover);
    });
  }

  #handlersOf(
    admission: Admission,
    signal: CallerSignal | undefined,
    call: CallGroup | undefined,
    cover: Cover,
  ): Handlers {
    const shared = call === undefined && this.admission === admission;
    if (shared && signal === undefined && this.policy.callTimeout === 0) return this;
    return {
      onFailure: this.#failureHandler(admission, signal, call, cover),
      onSuccess: this.#successHandler(admission, call),
    };
  }

  /** The outcome of a call that threw: its own error, or the fallback's answer. */
  #thrown(error: unknown, verdict: Verdict, cover: Cover): unknown {
    if (cover === undefined || (verdict !== "failure" && !isFailfastError(error))) throw error;
    return this.policy.fallback?.call(cover.self, error, ...Array.from(cover.args));
  }

  /** Shared by all calls under an admission; it holds as little as possible, since every name has one. */
  #plainFailureHandler(admission: Admission): OnFailure {
    return (error) => {
      this.threw(admission, error, undefined);
      throw error;
    };
  }

  #failureHandler(
    admission: Admission,
    signal: CallerSignal | undefined,
    call?: CallGroup | undefined,
    cover?: Cover,
  ): OnFailure {
    return (error) => {
      if (call !== undefined) call.underWay--;
      return this.#thrown(error, this.threw(admission, error, signal, call), cover);
    };
  }

  #successHandler(admission: Admission, call?: CallGroup | undefined): OnSuccess {
    const { breaker } = this;
    const { results } = this.policy;
    if (call !== undefined)
      return (value) => {
        call.underWay--;
        this.returned(admission, value, call);
        return value;
      };
    if (results !== undefined)
      return (value) => {
        this.returned(admission, value, undefined);
        return value;
      };
    if (!this.#successCounts(admission) && !breaker.session.events.successesObserved) return undefined;
    return (value) => {
      breaker.succeeded(admission, false);
      return value;
    };
  }

  /** A call that was admitted under the admission returned. */
  returned(
    admission: Admission,
    value: unknown,
    call: CallGroup | undefined,
    slow: boolean = this.isSlow(call),
  ): void {
    if (!this.policy.results?.(value)) {
      this.recordOutcome(admission, "success", call, slow);
      return;
    }
    if (this.#failuresObserved) this.#announceFailure({ result: value }, call);
    if (admission.kind !== "closed" && admission.kind !== "probe") return;
    const failure: Failure = {
      error: undefined,
      reason: ofResult,
      origin: "backend",
      slow,
      countedAtMs: call?.countedAtMs,
      openFor: this.#openFor(value),
    };
    this.breaker.failed(admission, failure);
  }

  /** A call during which this process itself was blocked can't be told to be slow. */
  isSlow(call: CallGroup | undefined, now?: number): boolean {
    const { settings, session } = this.breaker;
    if (call === undefined || settings.slowCall === 0) return false;
    const ended = now ?? session.clock.now();
    return ended - call.beganMs >= settings.slowCall && !wasBlocked(session.clock, ended, call.beganMs);
  }

  #openFor(failure: unknown): number | undefined {
    const { retryAfterMax, retryAfterFrom } = this.breaker.settings;
    if (retryAfterMax === 0) return undefined;
    if (retryAfterFrom === undefined) return retryAfterOf(failure, this.breaker.session.clock.wall());
    try {
      const seconds: unknown = retryAfterFrom(failure);
      // No call waits for it, and what it comes to is nobody's business.
      if (isThenable(seconds)) seconds.then(undefined, () => undefined);
      return typeof seconds === "number" && seconds >= 0 ? seconds * 1_000 : undefined;
    } catch {
      return undefined;
    }
  }

  get #shadow(): boolean {
    return this.breaker.settings.mode === "shadow";
  }

  get #failuresObserved(): boolean {
    return this.breaker.session.events.observed("failure");
  }

  #took(call: CallGroup | undefined): { durationMs?: number } {
    return call === undefined ? {} : { durationMs: this.breaker.session.clock.now() - call.beganMs };
  }

  #announceFailure(outcome: { error: unknown } | { result: unknown }, call: CallGroup | undefined): void {
    const { name: circuit, session } = this.breaker;
    session.events.emit({ type: "failure", circuit, ...outcome, ...this.#took(call) }, this.#shadow);
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
    if (this.breaker.settings.mode === "shadow")
      return this.perform(fn, self, args, REJECTING, signal, deadline);
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

/** Whose call the fallback answers for where it fails. */
type Cover = { readonly self: unknown; readonly args: ArrayLike<unknown> } | undefined;

const ofResult = (): string => "result";

function rethrow(error: unknown): never {
  throw error;
}

/** Sees a result through: a promise to its end, a value at once. */
export function attachHandlers(result: unknown, onSuccess: OnSuccess, onFailure: OnFailure): unknown {
  if (result instanceof Promise) return result.then(onSuccess, onFailure);
  if (isThenable(result)) return Promise.resolve(result).then(onSuccess, onFailure);
  return onSuccess === undefined ? result : onSuccess(result);
}
