// Events from the calls of this process: a trip, and how a probe ended.
import { forgetsBackoff, openTime } from "../../policy/open-time.js";
import type { Opening } from "./event.js";
import { NEITHER_MOST, othersTurnMs } from "./others-turn.js";
import {
  generationOf,
  holdsLease,
  inForce,
  isLocalOnly,
  isOpenHereAlone,
  type Own,
  obeyed,
  standingOf,
} from "./standing.js";
import { NO_PROBE, NO_RECOVERY, type State, type Visibility } from "./state.js";
import { newEpoch, type Of, PROPOSE, type Step, stay } from "./step.js";

/** Hosts cast their votes spread over this time, in ms, and not at all if the circuit is open by then. */
const VOTE_SPREAD_MS = 200;

function open(state: State, opening: Opening, reopens: number, now: number, own: Own): Step {
  const { settings } = own;
  const durationMs = openTime(settings, reopens, opening.openFor, () => opening.random);
  const beyondHere: Visibility = settings.quorum > 1 ? "vote" : "fleet";
  const visibility = isLocalOnly(own) || opening.ofThisHost ? "here" : beyondHere;
  const opened: State = newEpoch({
    ...state,
    decision: {
      kind: "opened",
      base: generationOf(obeyed(state, own)),
      untilMs: now + durationMs,
      durationMs,
      reason: opening.reason,
      manual: false,
      reopens,
      madeOffline: opening.storeDown,
      visibility,
    },
    probe: NO_PROBE,
    recovery: { ...NO_RECOVERY, reopens },
    cause: opening.cause,
  });
  const delayMs = visibility === "vote" && !holdsLease(state, own) ? opening.random * VOTE_SPREAD_MS : 0;
  return { state: opened, effects: [{ type: "propose", delayMs }] };
}

/**
 * Calls trip it. If it had closed too short a time before, the back-off continues. A trip also confirms an opening by
 * another process. If that opening is still in force, this process writes nothing.
 */
export function trip(before: State, opening: Opening, now: number, own: Own): Step {
  const state = confirm(before);
  if (state !== before && inForce(state.record, now))
    return stay(newEpoch({ ...state, cause: opening.cause }));
  const reopens = reopensBefore(state, own);
  const anew = forgetsBackoff(own.settings, reopens, opening.closedForMs);
  return open(state, opening, anew ? 0 : reopens, now, own);
}

/** From now on the opening by another process is obeyed. */
const confirm = (state: State): State =>
  state.remoteOpen === "unconfirmed" ? { ...state, remoteOpen: "obeyed" } : state;

/** A failure here confirms the opening by another process. */
export const confirmed = (state: State, cause: unknown): Step => stay(newEpoch({ ...confirm(state), cause }));

/** It opens again; for longer if `backoff` says so. */
export function probeFailed(state: State, event: Of<"probe-failed">, now: number, own: Own): Step {
  const opened = open(state, event.opening, reopensBefore(state, own) + 1, now, own);
  return provisionalAfterLease(state, opened, event, now, own);
}

/** It closes. If more probes are needed, the lease goes to the next one. */
export function probeSucceeded(state: State, event: Of<"probe-succeeded">, now: number, own: Own): Step {
  const passed = passedBefore(state, own) + 1;
  const base = generationOf(obeyed(state, own));
  if (passed < own.settings.probes) {
    const { recovery } = state;
    const lapses = recovery.lapses + (isAfterLease(state, event.slept, now) ? 1 : 0);
    return release(
      { ...state, recovery: { ...recovery, passed: recovery.passed + 1 } },
      base,
      passed,
      lapses,
    );
  }
  const decision = { kind: "closed", base, reason: "probe succeeded", localOnly: false } as const;
  const reopens = own.settings.backoffFactor > 1 ? reopensBefore(state, own) + 1 : 0;
  const recovery = { ...state.recovery, reopens };
  const closed = { state: newEpoch({ ...state, decision, recovery, probe: NO_PROBE }), effects: [PROPOSE] };
  return provisionalAfterLease(state, closed, event, now, own);
}

/**
 * The probe's lease is over, or the process slept during the probe: another process may have probed meanwhile, and this
 * one doesn't know. The store decides then. Until it answers, the circuit is due, as after any lease without an
 * outcome.
 */
function provisionalAfterLease(
  before: State,
  step: Step,
  { slept }: ProbeEnded,
  now: number,
  own: Own,
): Step {
  const { recovery } = before;
  const { decision } = step.state;
  if (!isAfterLease(before, slept, now) || isOpenHereAlone(before, own) || decision.kind === "none")
    return step;
  const state = {
    ...step.state,
    decision: { ...decision, provisional: true },
    recovery: { ...step.state.recovery, lapses: recovery.lapses + 1 },
  } as const;
  return { ...step, state };
}

type ProbeEnded = Of<"probe-failed"> | Of<"probe-succeeded">;

/** Its lease was over, or may have been. */
const isAfterLease = ({ probe }: State, slept: boolean | undefined, now: number): boolean =>
  slept === true || (probe.kind === "running" && now >= probe.untilMs);

/** Neither success nor failure: the lease goes back, and the next call may probe. */
export function probeReleased(state: State, event: Of<"probe-released">, now: number, own: Own): Step {
  const { byItself, leaseWaitMs, random } = event;
  const { openMs } = own.settings;
  let { neither } = state.recovery;
  let pauseMs = byItself ? 0 : Math.min(event.pauseMs, openMs);
  if (!byItself && !isOpenHereAlone(state, own)) {
    pauseMs = Math.max(pauseMs, othersTurnMs(neither, leaseWaitMs, openMs, random));
    neither = Math.min(neither + 1, NEITHER_MOST);
  }
  // A rejection by an operator's hold does not show that calls are nested.
  const nests = state.recovery.nests || (byItself && state.hold === undefined);
  const recovery = { ...state.recovery, neither, pausedUntilMs: now + pauseMs, nests };
  const lapses = isAfterLease(state, false, now) ? recovery.lapses + 1 : 0;
  const before = obeyed(state, own);
  const lapsed = state.probe.kind === "running" ? 0 : Math.max(before?.record.lapsed ?? 0, 1);
  return release({ ...state, recovery }, generationOf(before), passedBefore(state, own), lapses, lapsed);
}

/**
 * `lapses`: the next probe gets a lease so many times longer that a slow one fits into it in the end. `lapsed`: what the
 * record says of it.
 */
function release(state: State, base: number, passed: number, lapses: number, lapsed = 0): Step {
  const decision = { kind: "released", base, passed, ...(lapsed > 0 && { lapsed }) } as const;
  const recovery = { ...state.recovery, lapses };
  return { state: newEpoch({ ...state, decision, recovery, probe: NO_PROBE }), effects: [PROPOSE] };
}

function passedBefore(state: State, own: Own): number {
  const { decision, recovery } = state;
  const known = decision.kind === "released" ? decision.passed : (obeyed(state, own)?.record.passed ?? 0);
  return Math.max(known, recovery.passed);
}

const reopensBefore = (state: State, own: Own): number =>
  Math.max(obeyed(state, own)?.record.reopens ?? 0, state.recovery.reopens);

/**
 * No probe has ended since some process's calls tripped the circuit. `reopens`: the number at the time of that trip.
 */
export const isFirstProbe = (state: State, own: Own, reopens = 0): boolean =>
  passedBefore(state, own) === 0 && reopensBefore(state, own) === reopens;

/** If the failures of one outage ask for different times, the longest is used. */
export function openLonger(state: State, event: Of<"asked-for-longer">, now: number, own: Own): Step {
  const standing = standingOf(state, now, own);
  const record = obeyed(state, own);
  const untilMs = now + event.openMs;
  const opened = state.decision.kind === "opened" ? state.decision : record?.record;
  if (standing.kind !== "open" || untilMs <= standing.untilMs || opened === undefined) return stay(state);
  if (opened.manual || record?.record.manual) return stay(state);
  return {
    state: {
      ...state,
      decision: {
        kind: "opened",
        base: generationOf(record),
        untilMs,
        durationMs: event.openMs,
        reason: opened.reason,
        manual: false,
        reopens: opened.reopens,
        madeOffline: event.storeDown,
        // If the fleet's record is open, the quorum was reached.
        visibility:
          record?.record.state === "open" || !("visibility" in opened) ? "fleet" : opened.visibility,
      },
    },
    effects: [PROPOSE],
  };
}
