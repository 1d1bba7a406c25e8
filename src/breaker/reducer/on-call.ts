// A call asks to be admitted: the answer, and the state that follows.
import { lapsesOf, leaseMs } from "./lease.js";
import {
  activeHold,
  generationOf,
  holdsLease,
  inForce,
  isChecked,
  isOpenHereAlone,
  isTripped,
  type Own,
  obeyed,
  standingOf,
  tellsOfUnusedLease,
} from "./standing.js";
import { NO_PROBE, type State } from "./state.js";
import { answer, newEpoch, type Of, type Step, stay } from "./step.js";

/** While the answer to a lease request is late, other calls here are rejected for at most this long, in ms. */
const REJECT_OTHERS_MS = 250;

export function call(before: State, event: Of<"call">, now: number, own: Own): Step {
  // A caller that waited has used its time, even if its timer fires a moment early.
  const waited = event.asked && before.probe.kind === "waiting";
  const state = waited ? { ...before, probe: NO_PROBE } : before;
  const hold = activeHold(state, now);
  if (hold !== undefined) return answer(state, hold.state === "closed" ? "held" : "reject");
  const standing = standingOf(state, now, own);
  switch (standing.kind) {
    case "closed":
      return answer(closesUnasked(state, own), "closed");
    case "open":
      return answer(state, "reject");
    case "half-open":
      return answer(state, event.withinProbe || runsNested(state, now) ? "nested" : "reject");
    case "due":
      return tryToProbe(state, event, now, own);
  }
}

/** The next call after the open time is over, or after a lease ended without an outcome. */
function tryToProbe(state: State, event: Of<"call">, now: number, own: Own): Step {
  const { record } = state;
  if (event.withinProbe) return answer(state, "nested");
  if (!event.byCheck && !event.asked && isChecked(state, now, own)) return answer(state, "reject");
  if (holdsLease(state, own) && inForce(record, now)) return beginProbe(state, record.deadline);
  const localUntilMs = now + leaseMs(event.callTimeoutMs, lapsesOf(countLapse(state), own));
  if (event.storeFails || isOpenHereAlone(state, own)) return beginProbe(state, localUntilMs);
  // A check can wait for its lease, or it comes again later.
  if (event.byCheck && event.asked) return answer(state, "reject");
  // There is a lease to ask for. Was a call already rejected because no lease came, here or (by the record) elsewhere?
  const rejectedBefore = state.recovery.unserved || tellsOfUnusedLease(obeyed(state, own), now);
  const patient = event.byCheck || !state.recovery.unserved;
  const canWait = !event.asked && (event.waitMs > 0 ? patient : !rejectedBefore);
  if (canWait) {
    const waiting = { ...state, probe: { kind: "waiting", untilMs: now + event.waitMs } } as const;
    return { ...requestLease(waiting, event.callTimeoutMs), answer: "ask" };
  }
  if (rejectedBefore) {
    const { state: probing } = beginProbe(state, localUntilMs);
    return { ...requestLease(probing, event.callTimeoutMs), answer: "probe" };
  }
  return answer(
    { ...rejectOthers(state, event, now), recovery: { ...state.recovery, unserved: true } },
    "reject",
  );
}

/**
 * A near store answers late mostly because the whole fleet asks it at the same moment. For a short time the other calls
 * here keep failing fast; otherwise every process of the fleet would send a probe of its own.
 */
function rejectOthers(state: State, event: Of<"call">, now: number): State {
  const leftMs = REJECT_OTHERS_MS - event.waitMs;
  if (!state.leaseRequested || event.waitMs === 0 || leftMs <= 0) return state;
  return { ...state, probe: { kind: "waiting", untilMs: now + leftMs } };
}

/** The call becomes the probe. The lease of an earlier probe, if it still runs, is over. */
function beginProbe(state: State, untilMs: number): Step {
  const { recovery } = countLapse(state);
  const epoch = state.epoch + 1;
  return answer({ ...state, recovery, epoch, probe: { kind: "running", untilMs, epoch } }, "probe");
}

/** If a probe of this process is still running, it has outlived its lease: the next lease is longer. */
function countLapse(state: State): State {
  const { probe, recovery } = state;
  if (probe.kind !== "running") return state;
  return { ...state, recovery: { ...recovery, lapses: recovery.lapses + 1 } };
}

function requestLease(state: State, callTimeoutMs: number): Step {
  if (state.leaseRequested) return stay(state);
  return { state: { ...state, leaseRequested: true }, effects: [{ type: "ask-for-lease", callTimeoutMs }] };
}

const runsNested = ({ probe, recovery }: State, now: number): boolean =>
  recovery.nests && probe.kind === "running" && now < probe.untilMs;

/** With `recovery: "all"` the circuit closes here when its open time is over, without a probe. */
function closesUnasked(state: State, own: Own): State {
  const { decision } = state;
  const record = obeyed(state, own);
  if (!isTripped(record) && decision.kind !== "opened") return state;
  if (decision.kind === "closed") return state;
  const base = generationOf(record);
  return newEpoch({ ...state, decision: { kind: "closed", base, reason: "", localOnly: true } });
}
