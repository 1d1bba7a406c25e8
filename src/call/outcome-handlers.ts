// What the outcome of a call goes through: it is judged and recorded, and reaches the caller as the same object.
import type { Admission } from "../breaker/admission.js";
import type { CallGroup } from "../breaker/under-way.js";
import type { CallerSignal } from "./call-policy.js";
import { type Covered, throwOrFallBack } from "./fallback.js";
import type { OnFailure, OnSuccess } from "./handlers.js";
import { type HandleCalls, recordReturned, recordThrown, successCounts } from "./record-outcome.js";

/** Shared by all calls under an admission. It holds as little as possible, since every name has one. */
export function plainFailureHandler(calls: HandleCalls, admission: Admission): OnFailure {
  return (error) => {
    recordThrown(calls, admission, error, undefined);
    throw error;
  };
}

/** `call`: set if somebody asks how long it takes. `covered`: set if the fallback answers failures, too. */
export function failureHandler(
  calls: HandleCalls,
  admission: Admission,
  signal: CallerSignal | undefined,
  call?: CallGroup | undefined,
  covered?: Covered,
): OnFailure {
  return (error) => {
    if (call !== undefined) call.underWay--;
    const verdict = recordThrown(calls, admission, error, signal, call);
    return throwOrFallBack(calls.policy.fallback, error, verdict, covered);
  };
}

/** `undefined` if nobody needs to hear of a success. */
export function successHandler(
  calls: HandleCalls,
  admission: Admission,
  call?: CallGroup | undefined,
): OnSuccess {
  const { breaker, policy } = calls;
  if (call !== undefined)
    return (value) => {
      call.underWay--;
      recordReturned(calls, admission, value, call);
      return value;
    };
  if (policy.results !== undefined)
    return (value) => {
      recordReturned(calls, admission, value, undefined);
      return value;
    };
  if (!successCounts(breaker, admission) && !breaker.session.events.successesObserved) return undefined;
  return (value) => {
    breaker.succeeded(admission, false);
    return value;
  };
}
