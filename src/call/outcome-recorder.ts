import type { Admission } from "../breaker/admission.js";
import type { Breaker } from "../breaker/breaker.js";
import type { Failure } from "../breaker/failure.js";
import { countsSuccessesOf } from "../breaker/traffic.js";
import type { CallGroup } from "../breaker/under-way.js";
import { failureChannel, rejectChannel } from "../events/events.js";
import { retryAfterOf } from "../policy/retry-after.js";
import type { Clock } from "../runtime/clock.js";
import { isThenable } from "../sync/with-deadline.js";
import { Excuses, wasBlocked } from "./excuse.js";
import { originOf } from "./origin.js";
import type { CallerSignal, Policy, Verdict } from "./policy.js";
import { reasonOf } from "./reason.js";
import { isRejectionOf, markShadow, rejectionOf, retryAfterMsOf } from "./rejection.js";

/**
 * Records how the calls of one handle end: judges each outcome, emits its event, and hands it to the breaker. Its methods
 * are `private`, not `#`, for the reason that `Breaker` gives.
 */
export class OutcomeRecorder {
  readonly breaker: Breaker;
  readonly policy: Policy;
  #excuses: Excuses | undefined;

  constructor(breaker: Breaker, policy: Policy) {
    this.breaker = breaker;
    this.policy = policy;
  }

  /** Makes and records the rejection of a call that was not admitted. */
  rejection(): Error {
    const { breaker } = this;
    breaker.counting.rejections++;
    const error = rejectionOf(breaker);
    const { events } = breaker.session;
    if (events.observed("reject", rejectChannel)) {
      if (this.shadow) markShadow(error);
      events.emit({ type: "reject", circuit: breaker.name, error }, this.shadow);
    }
    return error;
  }

  /** A call under that admission threw. */
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

  /** Records a failure, whatever the policy says about it. */
  failed(
    admission: Admission,
    error: unknown,
    slow: boolean,
    call: CallGroup | undefined,
    began: number | undefined = call?.beganMs,
    lateMs = 0,
  ): void {
    if (this.failuresObserved) this.announceFailure({ error }, call);
    if (admission.kind !== "closed" && admission.kind !== "probe") return;
    const { clock } = this.breaker.session;
    const origin = originOf(error);
    const stalled = origin === "time" && this.excused(clock, began, lateMs);
    this.breaker.failed(admission, {
      error,
      reason: reasonOf,
      origin: stalled ? "stall" : origin === "host" ? "host" : "backend",
      slow,
      countedAtMs: call?.countedAtMs,
      openFor: this.openFor(error),
    });
  }

  /** Records a success, or an outcome that is neither. */
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
      events.emit({ type: "success", circuit: this.breaker.name, ...this.took(call) }, this.shadow);
    if (this.successCounts(admission)) this.breaker.succeeded(admission, slow, undefined, countedAtMs);
  }

  /** Whether a success under this admission changes anything. */
  protected successCounts({ kind }: Admission): boolean {
    return kind === "probe" || (kind === "closed" && countsSuccessesOf(this.breaker.settings));
  }

  private excused(clock: Clock, began: number | undefined, lateMs: number): boolean {
    this.#excuses ??= new Excuses();
    return this.#excuses.excuses(clock, began, lateMs);
  }

  /** A call under that admission returned. */
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
    if (this.failuresObserved) this.announceFailure({ result: value }, call);
    if (admission.kind !== "closed" && admission.kind !== "probe") return;
    const failure: Failure = {
      error: undefined,
      reason: ofResult,
      origin: "backend",
      slow,
      countedAtMs: call?.countedAtMs,
      openFor: this.openFor(value),
    };
    this.breaker.failed(admission, failure);
  }

  /** Whether the call was slow. If this process was blocked during the call, that can't be known, and it was not. */
  isSlow(call: CallGroup | undefined, now?: number): boolean {
    const { settings, session } = this.breaker;
    if (call === undefined || settings.slowCall === 0) return false;
    const ended = now ?? session.clock.now();
    return ended - call.beganMs >= settings.slowCall && !wasBlocked(session.clock, ended, call.beganMs);
  }

  private openFor(failure: unknown): number | undefined {
    const { retryAfterMax, retryAfterFrom } = this.breaker.settings;
    if (retryAfterMax === 0) return undefined;
    if (retryAfterFrom === undefined) return retryAfterOf(failure, this.breaker.session.clock.wall());
    try {
      const seconds: unknown = retryAfterFrom(failure);
      // Calls can't wait for a promise, so its outcome is ignored.
      if (isThenable(seconds)) seconds.then(undefined, () => undefined);
      return typeof seconds === "number" && seconds >= 0 ? seconds * 1_000 : undefined;
    } catch {
      return undefined;
    }
  }

  private get shadow(): boolean {
    return this.breaker.settings.mode === "shadow";
  }

  private get failuresObserved(): boolean {
    return this.breaker.session.events.observed("failure", failureChannel);
  }

  private took(call: CallGroup | undefined): { durationMs?: number } {
    return call === undefined ? {} : { durationMs: this.breaker.session.clock.now() - call.beganMs };
  }

  private announceFailure(
    outcome: { error: unknown } | { result: unknown },
    call: CallGroup | undefined,
  ): void {
    const { name: circuit, session } = this.breaker;
    session.events.emit({ type: "failure", circuit, ...outcome, ...this.took(call) }, this.shadow);
  }
}

const ofResult = (): string => "result";
