// What the outcome of a call means for its circuit: whether the reducer gets an event, and which.
import { openTime } from "../policy/open-time.js";
import type { Admission } from "./admission.js";
import { callContexts } from "./call-contexts.js";
import type { Failure } from "./failure.js";
import { closedForMs } from "./next-admission.js";
import type { Opening } from "./reducer/event.js";
import { isFirstProbe } from "./reducer/on-outcome.js";
import { inForce } from "./reducer/standing.js";
import type { State } from "./reducer/state.js";
import type { Shell } from "./shell.js";
import { countsNothing } from "./traffic.js";

/** A call failed. That counts only in the epoch in which the call was admitted. */
export function callFailed(breaker: Shell, admission: Admission, failure: Failure): void {
  if (admission.kind === "probe") probeFailed(breaker, admission, failure);
  else if (admission.kind === "closed" && failure.origin !== "stall") {
    if (admission.epoch !== breaker.current.epoch) askForLonger(breaker, failure);
    else if (awaitsConfirmation(breaker)) breaker.dispatch({ type: "confirmed", cause: failure.error });
    else {
      // What let inner calls pass is that the outer one was admitted. A failure shows that this was too hopeful.
      if (isOuter(breaker, admission)) callContexts.failed(breaker, admission.epoch);
      countFailure(breaker, failure);
    }
  }
}

/** A call succeeded. If slow calls count, a slow probe is not a recovery. */
export function callSucceeded(
  breaker: Shell,
  admission: Admission,
  slow: boolean,
  now?: number,
  countedAtMs?: number,
): void {
  if (admission.kind === "closed") {
    if (admission !== breaker.admission && admission.epoch !== breaker.current.epoch) return;
    const why = breaker.traffic.succeeded(now, slow, countedAtMs);
    if (why !== undefined) trip(breaker, why);
  } else if (admission.kind === "probe") probeSucceeded(breaker, admission, slow);
}

/**
 * A call ended as neither. A probe's lease goes back then. `pauseMs`: start no new probe for so long. `byItself`: its own
 * circuit rejected it.
 */
export function callReleased(breaker: Shell, admission: Admission, pauseMs: number, byItself: boolean): void {
  if (byItself && mayNest(admission)) breaker.counting.innerCallHeldBack = true;
  if (!isProbe(breaker, admission)) return;
  const { isShared, leaseWaitMs, clock } = breaker.session;
  breaker.dispatch({
    type: "probe-released",
    pauseMs,
    byItself,
    leaseWaitMs: isShared ? leaseWaitMs : 0,
    random: clock.random(),
  });
}

/**
 * Calls that began together have run as long as a slow call and have not ended. `calls` is 0 if they were counted
 * before and have run for that time again.
 */
export function callsAreSlow(
  breaker: Shell,
  admission: Admission,
  calls: number,
  beganMs: number,
  now: number,
): void {
  if (isProbe(breaker, admission)) slowProbe(breaker);
  if (admission.kind !== "closed" || admission.epoch !== breaker.current.epoch) return;
  // If a share of slow calls trips the circuit, the same share is needed to confirm.
  if (awaitsConfirmation(breaker) && breaker.settings.hangCalls > 0) {
    breaker.dispatch({ type: "confirmed", cause: undefined });
    return;
  }
  const why = breaker.traffic.slowUnderWay(now, calls, beganMs);
  if (why !== undefined) trip(breaker, why);
}

/** The circuit admits only a share of the calls, and this is one of them. */
const mayNest = ({ kind, admitsAll }: Admission): boolean => kind === "closed" && !admitsAll;

/** Whether calls that the admitted call makes through its own circuit have to be known as such. */
export const isOuter = (breaker: Shell, admission: Admission): boolean =>
  mayNest(admission) && breaker.counts.innerCallHeldBack;

/** Whether the admission belongs to the running probe. */
export const isProbe = ({ current }: Shell, { epoch }: Admission): boolean => isProbeOf(current, epoch);

/** Whether the probe of that epoch still runs; its lease may have changed. */
export const isProbeOf = ({ probe }: State, epoch: number): boolean =>
  probe.kind === "running" && probe.epoch === epoch;

function probeSucceeded(breaker: Shell, admission: Admission, slow: boolean): void {
  if (!isProbe(breaker, admission)) return;
  if (slow) slowProbe(breaker);
  else {
    if (isFirstProbe(breaker.current, breaker, breaker.counts.reopensAtTrip))
      breaker.counting.needlessTrips++;
    breaker.dispatch({ type: "probe-succeeded", slept: breaker.gate.slept });
  }
}

function probeFailed(breaker: Shell, admission: Admission, failure: Failure): void {
  if (!isProbe(breaker, admission)) return;
  if (failure.origin === "stall") callReleased(breaker, admission, 0, false);
  else {
    reopen(breaker, failure.reason(failure.error, breaker.settings.shareReason), failure);
  }
}

const slowProbe = (breaker: Shell): void => reopen(breaker, "slow calls");

function reopen(breaker: Shell, reason: string, failure?: Failure): void {
  const opening = openingOf(breaker, reason, failure);
  breaker.dispatch({ type: "probe-failed", opening, slept: breaker.gate.slept });
}

/**
 * Another process opened it, and one failure here is enough to obey that. With `recovery: "all"` this ends with the open
 * time.
 */
const awaitsConfirmation = ({ current, settings, session }: Shell): boolean =>
  current.remoteOpen === "unconfirmed" &&
  (settings.recovery !== "all" || inForce(current.record, session.clock.now()));

function countFailure(breaker: Shell, failure: Failure): void {
  const { settings } = breaker;
  const why = countsNothing(settings) ? "failure" : breaker.traffic.failed(failure);
  if (why === undefined) return;
  trip(breaker, why === "failure" ? failure.reason(failure.error, settings.shareReason) : why, failure);
}

/** Calls trip it. Some of what they showed may be the fault of this host. */
function trip(breaker: Shell, reason: string, failure?: Failure): void {
  const { counting } = breaker;
  counting.trips++;
  const ofThisHost = !countsNothing(breaker.settings) && breaker.traffic.ofThisHost;
  breaker.dispatch({ type: "tripped", opening: openingOf(breaker, reason, failure, ofThisHost) });
  counting.reopensAtTrip = breaker.current.recovery.reopens;
}

/** The circuit opened while the call ran, and the call's failure asks for a longer open time. */
function askForLonger(breaker: Shell, { openFor }: Failure): void {
  if (openFor === undefined) return;
  const { clock, replica } = breaker.session;
  const openMs = openTime(breaker.settings, 0, openFor, clock.random);
  breaker.dispatch({ type: "asked-for-longer", openMs, storeDown: replica.synchroniser.down });
}

/** `failure`: the last one, unless calls were only slow. `ofThisHost`: earlier failures may be the fault of this host. */
function openingOf(breaker: Shell, reason: string, failure?: Failure, ofThisHost = false): Opening {
  const { clock, replica } = breaker.session;
  return {
    reason,
    cause: failure?.error,
    ofThisHost: ofThisHost || failure?.origin === "host",
    openFor: failure?.openFor,
    random: clock.random(),
    // This process may have closed it alone, and then the fleet's record doesn't say so.
    closedForMs: Math.min(closedForMs(breaker), clock.now() - breaker.counts.closedAtMs),
    storeDown: replica.synchroniser.down,
  };
}
