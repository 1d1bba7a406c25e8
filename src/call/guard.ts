import { type Admission, REJECTING } from "../breaker/admission.js";
import { isProbe } from "../breaker/outcome.js";
import { runWithinProbe } from "../breaker/probe-context.js";
import type { Sampler } from "../breaker/sampler.js";
import { CallGroup } from "../breaker/under-way.js";
import { isFailfastError } from "../errors/failfast-error.js";
import { successChannel } from "../events/events.js";
import { isThenable } from "../sync/with-deadline.js";
import { Deadline } from "./deadline.js";
import {
  attachHandlers,
  type Handlers,
  needsNew,
  type OnFailure,
  type OnSuccess,
  rethrow,
  type SharedHandlers,
} from "./handlers.js";
import { neverAborting } from "./never-aborting.js";
import { OutcomeRecorder } from "./outcome-recorder.js";
import type { CallerSignal, Policy, Verdict } from "./policy.js";
import { rejectSoon } from "./rejection.js";

/** How a function answers: with a promise, with a value, or not known before its first call. */
export type Kind = "promise" | "value" | undefined;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/**
 * One handle of one circuit: what its calls go through.
 *
 * While the circuit is closed, and nobody asked for more, a call costs one comparison and one derived
 * promise: the two handlers are made once for each admission and shared by all the calls admitted under it.
 */
export class Guard extends OutcomeRecorder implements SharedHandlers {
  /** The handlers below are for this admission. While it is also the breaker's, calls take the fast path. */
  admission: Admission | undefined;
  onSuccess: OnSuccess;
  onFailure: OnFailure = rethrow;
  /** A call came since unused names were last looked for. */
  used = true;

  /** The shared handlers, if a call of a function of that kind can take the fast path now. */
  fastHandlers(_: Kind): SharedHandlers | undefined {
    return this.admission === this.breaker.admission && !successChannel.hasSubscribers ? this : undefined;
  }

  failing(signal: CallerSignal): OnFailure {
    return this.failureHandler(this.admission as Admission, signal);
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
    if (entered === undefined) return this.refuse(fn, self, args, kind, signal, deadline);
    if (entered instanceof Promise)
      return this.callOnceAdmitted(entered, fn, self, args, kind, signal, deadline);
    if (this.breaker.sampler !== undefined)
      return this.callTimed(this.breaker.sampler, entered, fn, self, args, signal, deadline);
    const plain = policy.enabled === true && policy.callTimeout === 0 && !policy.coversFailures;
    if (plain && this.measures && entered.admitsAll && this.admission !== entered) {
      if (!this.breaker.session.events.successesObserved) {
        this.onFailure = this.plainFailureHandler(entered);
        this.onSuccess = this.successHandler(entered);
        this.admission = entered;
      }
    }
    return this.perform(fn, self, args, entered, signal, deadline);
  }

  /** A call that waits for the lease. It is not part of `call`, where its function would cost every call a context. */
  private callOnceAdmitted(
    entered: Promise<Admission | undefined>,
    fn: AnyFunction,
    self: unknown,
    args: ArrayLike<unknown>,
    kind: Kind,
    signal: CallerSignal | undefined,
    deadline: Deadline | undefined,
  ): Promise<unknown> {
    return entered.then((admission) => {
      if (admission === undefined) return this.refuse(fn, self, args, kind, signal, deadline);
      if (!signal?.aborted) return this.perform(fn, self, args, admission, signal, deadline);
      // The caller gave up while waiting for the lease.
      this.recordOutcome(admission, "neither");
      throw signal.reason;
    });
  }

  private callTimed(
    sampler: Sampler,
    admission: Admission,
    fn: AnyFunction,
    self: unknown,
    args: ArrayLike<unknown>,
    signal: CallerSignal | undefined,
    deadline: Deadline | undefined,
  ): unknown {
    return sampler.time(this.breaker, () => this.perform(fn, self, args, admission, signal, deadline));
  }

  /** What a call is admitted under; `undefined` if it is rejected. */
  admit(canWait: boolean): Admission | undefined | Promise<Admission | undefined> {
    const { session } = this.breaker;
    if (!session.started) session.start();
    return this.breaker.enter(canWait, this.policy.callTimeout);
  }

  /** A call that begins now; `undefined` if nobody asks how long it takes. */
  begin(admission: Admission): CallGroup | undefined {
    const { settings, session } = this.breaker;
    const asked = session.events.successesObserved || settings.slowCall > 0;
    return asked ? new CallGroup(admission, session.clock.now()) : undefined;
  }

  /** Whether the handlers of the fast path measure all that has to be measured. */
  protected get measures(): boolean {
    return this.breaker.settings.slowCall === 0;
  }

  /** Calls the function and attaches the handlers. On the fast path, wrapped functions do this themselves. */
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
    const { onSuccess, onFailure } = this.handlersOf(admission, signal, call, cover);
    let result: unknown;
    try {
      result =
        // The probe may have ended while this call waited for its lease.
        admission.kind === "probe" && isProbe(this.breaker, admission)
          ? runWithinProbe(this.breaker, admission.epoch, () => Reflect.apply(fn, self, args))
          : Reflect.apply(fn, self, args);
    } catch (error) {
      if (!needsNew(fn, error)) return onFailure(error);
      this.recordOutcome(admission, "neither");
      throw error;
    }
    if (!isThenable(result)) {
      if (call === undefined) return attachHandlers(result, onSuccess, onFailure);
      // A sync call has the process to itself, so that nothing else can have made it slow.
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
      return this.thrown(ended.error, "failure", cover);
    });
  }

  private handlersOf(
    admission: Admission,
    signal: CallerSignal | undefined,
    call: CallGroup | undefined,
    cover: Cover,
  ): Handlers {
    const shared = call === undefined && this.admission === admission;
    if (shared && signal === undefined && this.policy.callTimeout === 0) return this;
    return {
      onFailure: this.failureHandler(admission, signal, call, cover),
      onSuccess: this.successHandler(admission, call),
    };
  }

  /** The outcome of a call that threw: its own error, or the fallback's answer. */
  private thrown(error: unknown, verdict: Verdict, cover: Cover): unknown {
    if (cover === undefined || (verdict !== "failure" && !isFailfastError(error))) throw error;
    return this.policy.fallback?.call(cover.self, error, ...Array.from(cover.args));
  }

  /** Shared by all calls under an admission; it holds as little as possible, since every name has one. */
  private plainFailureHandler(admission: Admission): OnFailure {
    return (error) => {
      this.threw(admission, error, undefined);
      throw error;
    };
  }

  private failureHandler(
    admission: Admission,
    signal: CallerSignal | undefined,
    call?: CallGroup | undefined,
    cover?: Cover,
  ): OnFailure {
    return (error) => {
      if (call !== undefined) call.underWay--;
      return this.thrown(error, this.threw(admission, error, signal, call), cover);
    };
  }

  private successHandler(admission: Admission, call?: CallGroup | undefined): OnSuccess {
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
    if (!this.successCounts(admission) && !breaker.session.events.successesObserved) return undefined;
    return (value) => {
      breaker.succeeded(admission, false);
      return value;
    };
  }

  private refuse(
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
      return this.fallBack(this.policy.fallback, error, self, args, kind);
    if (kind === "promise") return rejectSoon(error);
    throw error;
  }

  private fallBack(
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

/** The call that the fallback answers for if it fails. */
type Cover = { readonly self: unknown; readonly args: ArrayLike<unknown> } | undefined;
