// How the calls of one handle end: each outcome is judged, its event is emitted, and the breaker receives it.
import type { Admission } from "../breaker/admission.js";
import type { Breaker } from "../breaker/breaker.js";
import { countsSuccessesOf } from "../breaker/traffic.js";
import type { CallGroup } from "../breaker/under-way.js";
import { failureChannel, rejectChannel } from "../events/events.js";
import { retryAfterOf } from "../policy/retry-after.js";
import { isThenable } from "../sync/with-deadline.js";
import type { CallerSignal, CallPolicy, Verdict } from "./call-policy.js";
import { Excuses, wasBlocked } from "./excuse.js";
import { originOf } from "./origin.js";
import { reasonOf } from "./reason.js";
import { isRejectionOf, markShadow, rejectionOf, retryAfterMsOf } from "./rejection.js";

/** What the calls of one handle share. */
export interface HandleCalls {
  readonly breaker: Breaker;
  readonly policy: CallPolicy;
  /** Made at the first time-out. */
  excuses: Excuses | undefined;
}

/** Makes and records the rejection of a call that was not admitted. */
export function recordRejection({ breaker }: HandleCalls): Error {
  const { rejections, settings, session } = breaker;
  rejections.counts.rejections++;
  const error = rejectionOf(rejections, settings.stackTraces);
  const { events } = session;
  if (events.observed("reject", rejectChannel)) {
    const shadow = isShadow(breaker);
    if (shadow) markShadow(error);
    events.emit({ type: "reject", circuit: breaker.name, error }, shadow);
  }
  return error;
}

/** Judges and records what a call threw. */
export function recordThrown(
  calls: HandleCalls,
  admission: Admission,
  error: unknown,
  signal: CallerSignal | undefined,
  call?: CallGroup | undefined,
): Verdict {
  const { breaker } = calls;
  const verdict = calls.policy.judge(error, signal);
  if (verdict === "failure") recordFailure(calls, admission, error, isSlow(breaker, call), call);
  else if (verdict === "success") recordSuccess(breaker, admission, call);
  else breaker.released(admission, retryAfterMsOf(error), isRejectionOf(error, breaker.name));
  return verdict;
}

/** Judges and records what a call returned. */
export function recordReturned(
  calls: HandleCalls,
  admission: Admission,
  value: unknown,
  call: CallGroup | undefined,
  slow: boolean = isSlow(calls.breaker, call),
): void {
  const { breaker } = calls;
  if (!calls.policy.results?.(value)) {
    recordSuccess(breaker, admission, call, slow);
    return;
  }
  if (failuresObserved(breaker)) announceFailure(breaker, { result: value }, call);
  if (admission.kind !== "closed" && admission.kind !== "probe") return;
  breaker.failed(admission, {
    error: undefined,
    reason: ofResult,
    origin: "backend",
    slow,
    countedAtMs: call?.countedAtMs,
    openFor: openFor(breaker, value),
  });
}

/**
 * Records a failure, whatever the policy says about it.
 *
 * @param began when the call began, on the monotonic clock, if that is known.
 * @param lateMs how late its deadline's timer fired.
 */
export function recordFailure(
  calls: HandleCalls,
  admission: Admission,
  error: unknown,
  slow: boolean,
  call: CallGroup | undefined,
  began: number | undefined = call?.beganMs,
  lateMs = 0,
): void {
  const { breaker } = calls;
  if (failuresObserved(breaker)) announceFailure(breaker, { error }, call);
  if (admission.kind !== "closed" && admission.kind !== "probe") return;
  const origin = originOf(error);
  const stalled = origin === "time" && isExcused(calls, began, lateMs);
  breaker.failed(admission, {
    error,
    reason: reasonOf,
    origin: stalled ? "stall" : origin === "host" ? "host" : "backend",
    slow,
    countedAtMs: call?.countedAtMs,
    openFor: openFor(breaker, error),
  });
}

/** Records a success. */
export function recordSuccess(
  breaker: Breaker,
  admission: Admission,
  call?: CallGroup | undefined,
  slow: boolean = isSlow(breaker, call),
  countedAtMs: number | undefined = call?.countedAtMs,
): void {
  const { events } = breaker.session;
  if (events.successesObserved)
    events.emit({ type: "success", circuit: breaker.name, ...tookOf(breaker, call) }, isShadow(breaker));
  if (successCounts(breaker, admission)) breaker.succeeded(admission, slow, undefined, countedAtMs);
}

/** Whether a success under this admission changes anything. */
export const successCounts = (breaker: Breaker, { kind }: Admission): boolean =>
  kind === "probe" || (kind === "closed" && countsSuccessesOf(breaker.settings));

/** Whether the call was slow. If this process was blocked during the call, that can't be known, and it was not. */
export function isSlow({ settings, session }: Breaker, call: CallGroup | undefined, now?: number): boolean {
  if (call === undefined || settings.slowCall === 0) return false;
  const ended = now ?? session.clock.now();
  return ended - call.beganMs >= settings.slowCall && !wasBlocked(session.clock, ended, call.beganMs);
}

function isExcused(calls: HandleCalls, began: number | undefined, lateMs: number): boolean {
  calls.excuses ??= new Excuses();
  return calls.excuses.excuse(calls.breaker.session.clock, began, lateMs);
}

/** How long the failure asks the circuit to stay open, in ms, if it does and the settings listen to it. */
function openFor({ settings, session }: Breaker, failure: unknown): number | undefined {
  const { retryAfterMax, retryAfterFrom } = settings;
  if (retryAfterMax === 0) return undefined;
  if (retryAfterFrom === undefined) return retryAfterOf(failure, session.clock.wall());
  try {
    const seconds: unknown = retryAfterFrom(failure);
    // Calls can't wait for a promise, so its outcome is ignored.
    if (isThenable(seconds)) seconds.then(undefined, () => undefined);
    return typeof seconds === "number" && seconds >= 0 ? seconds * 1_000 : undefined;
  } catch {
    return undefined;
  }
}

const isShadow = ({ settings }: Breaker): boolean => settings.mode === "shadow";

const failuresObserved = ({ session }: Breaker): boolean =>
  session.events.observed("failure", failureChannel);

const tookOf = ({ session }: Breaker, call: CallGroup | undefined): { durationMs?: number } =>
  call === undefined ? {} : { durationMs: session.clock.now() - call.beganMs };

function announceFailure(
  breaker: Breaker,
  outcome: { error: unknown } | { result: unknown },
  call: CallGroup | undefined,
): void {
  const { name: circuit, session } = breaker;
  session.events.emit({ type: "failure", circuit, ...outcome, ...tookOf(breaker, call) }, isShadow(breaker));
}

const ofResult = (): string => "result";
