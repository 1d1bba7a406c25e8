import { type Admission, REJECTING } from "../breaker/admission.js";
import type { Breaker } from "../breaker/breaker.js";
import { callContexts } from "../breaker/call-contexts.js";
import { isOuter, isProbe } from "../breaker/outcome.js";
import type { Sampler } from "../breaker/sampler.js";
import { CallGroup } from "../breaker/under-way.js";
import { successChannel } from "../events/events.js";
import { isThenable } from "../sync/with-deadline.js";
import type { CallerSignal, CallPolicy } from "./call-policy.js";
import { Deadline } from "./deadline.js";
import type { Excuses } from "./excuse.js";
import { type Covered, fallBack, throwOrFallBack } from "./fallback.js";
import {
  attachHandlers,
  type Handlers,
  type Kind,
  needsNew,
  type OnFailure,
  type OnSuccess,
  rethrow,
  type SharedHandlers,
} from "./handlers.js";
import { generatorRefused, isGenerator, warnIfLazy } from "./lazy-result.js";
import { neverAborting } from "./never-aborting.js";
import { failureHandler, plainFailureHandler, successHandler } from "./outcome-handlers.js";
import { type HandleCalls, recordFailure, recordRejection, recordReturned } from "./record-outcome.js";
import { rejectSoon } from "./rejection.js";

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/**
 * What the calls of one handle go through.
 *
 * While the circuit is closed, a call costs one comparison and one derived promise: the two handlers are made once for
 * each admission, and all calls admitted under it share them. Methods are `private`, not `#`, for the reason that
 * `Breaker` gives.
 */
export class Guard implements SharedHandlers, HandleCalls {
  readonly breaker: Breaker;
  readonly policy: CallPolicy;
  excuses: Excuses | undefined;
  /** The handlers below are for this admission. While it is also the breaker's, calls take the fast path. */
  admission: Admission | undefined;
  onSuccess: OnSuccess;
  onFailure: OnFailure = rethrow;
  /** A call came since unused names were last looked for. */
  used = true;

  constructor(breaker: Breaker, policy: CallPolicy) {
    this.breaker = breaker;
    this.policy = policy;
  }

  /** The shared handlers, if a call of a function of that kind can take the fast path now. */
  fastHandlers(_: Kind): SharedHandlers | undefined {
    return this.admission === this.breaker.admission && !successChannel.hasSubscribers ? this : undefined;
  }

  failing(signal: CallerSignal): OnFailure {
    return failureHandler(this, this.admission as Admission, signal);
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
    const entered = this.enter(kind === "promise");
    if (entered === undefined) return this.refuse(fn, self, args, kind, signal, deadline);
    if (entered instanceof Promise)
      return this.callOnceAdmitted(entered, fn, self, args, kind, signal, deadline);
    if (this.breaker.sampler !== undefined)
      return this.callTimed(this.breaker.sampler, entered, fn, self, args, signal, deadline);
    const plain = policy.enabled === true && policy.callTimeout === 0 && !policy.coversFailures;
    if (plain && this.measures && entered.admitsAll && this.admission !== entered) {
      if (!this.breaker.session.events.successesObserved) {
        this.onFailure = plainFailureHandler(this, entered);
        this.onSuccess = successHandler(this, entered);
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
      this.breaker.released(admission);
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
  enter(canWait: boolean): Admission | undefined | Promise<Admission | undefined> {
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
    const { breaker } = this;
    if (!isOuter(breaker, admission)) return this.performHere(fn, self, args, admission, signal, given);
    return callContexts.runCall(breaker, admission.epoch, () =>
      this.performHere(fn, self, args, admission, signal, given),
    );
  }

  private performHere(
    fn: AnyFunction,
    self: unknown,
    args: ArrayLike<unknown>,
    admission: Admission,
    signal: CallerSignal | undefined,
    given: Deadline | undefined,
  ): unknown {
    const call = this.begin(admission);
    const covered = this.policy.coversFailures ? { self, args } : undefined;
    const { onSuccess, onFailure } = this.handlersOf(admission, signal, call, covered);
    let result: unknown;
    try {
      const { breaker } = this;
      // The probe may have ended while this call waited for its lease.
      if (admission.kind === "probe" && isProbe(breaker, admission))
        result = callContexts.run(breaker, admission.epoch, () => Reflect.apply(fn, self, args));
      else result = Reflect.apply(fn, self, args);
    } catch (error) {
      if (!needsNew(fn, error)) return onFailure(error);
      this.breaker.released(admission);
      throw error;
    }
    if (!isThenable(result)) {
      // Only blocks: it can't be wrapped.
      if (typeof result === "object" && isGenerator(fn)) {
        this.breaker.released(admission);
        throw generatorRefused(fn);
      }
      warnIfLazy(result, this.breaker.name);
      if (call === undefined) return onSuccess === undefined ? result : onSuccess(result);
      // A sync call has the process to itself, so that nothing else can have made it slow.
      const { settings, session } = this.breaker;
      const slow = settings.slowCall > 0 && session.clock.now() - call.beganMs >= settings.slowCall;
      recordReturned(this, admission, result, call, slow);
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
      recordFailure(this, admission, ended.error, true, call, ended.began, ended.lateMs);
      return throwOrFallBack(this.policy.fallback, ended.error, "failure", covered);
    });
  }

  private handlersOf(
    admission: Admission,
    signal: CallerSignal | undefined,
    call: CallGroup | undefined,
    covered: Covered,
  ): Handlers {
    const shared = call === undefined && this.admission === admission;
    if (shared && signal === undefined && this.policy.callTimeout === 0) return this;
    return {
      onFailure: failureHandler(this, admission, signal, call, covered),
      onSuccess: successHandler(this, admission, call),
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
    const error = recordRejection(this);
    if (this.breaker.settings.mode === "shadow")
      return this.perform(fn, self, args, REJECTING, signal, deadline);
    const { fallback } = this.policy;
    if (fallback !== undefined) return fallBack(fallback, error, self, args, kind);
    if (kind === "promise") return rejectSoon(error);
    throw error;
  }
}
