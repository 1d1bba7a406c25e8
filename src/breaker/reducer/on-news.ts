// Events from the fleet and the store: another record, answers to writes, and operators.
import { LEASE_MS } from "../../protocol/record.js";
import { rebased, stillApplies } from "./decision.js";
import {
  generationOf,
  holdsLease,
  inForce,
  isBasedOn,
  isProvisional,
  isTripped,
  type Own,
  obeyed,
} from "./standing.js";
import {
  type BasedDecision,
  type CachedRecord,
  type Decision,
  NO_DECISION,
  NO_PROBE,
  NO_RECOVERY,
  type State,
} from "./state.js";
import { newEpoch, type Of, PROPOSE, type Step, stay } from "./step.js";

/** How far the store's clock and ours may differ: half of the longest wait for the store's answer. */
const CLOCK_ERROR_MS = 2_500;
/**
 * How long the other processes wait before they check, in ms, after a lease was given back. The process that gave it
 * back checks again within two seconds, and a store may be a second away.
 */
const OTHERS_CHECK_MS = 4_000;
/** If the store has no swap, each process tries at a different moment, within this share of the open time. */
const ATTEMPT_SPREAD = 0.1;

/** Another process, or an operator, changed the fleet's record. */
export function recordChanged(state: State, event: Of<"record">, now: number, own: Own): Step {
  const before = generationOf(obeyed(state, own));
  let after = takeRecord(state, event, own);
  const record = obeyed(after, own);
  if (after.record?.record.revision !== state.record?.record.revision)
    after = {
      ...after,
      attemptDelayMs: event.random * ATTEMPT_SPREAD * (after.record?.record.duration ?? 0),
    };
  if (generationOf(record) === before) return stay(after);
  // Its own lease may come by push, before the answer.
  const ownLease = state.leaseRequested && holdsLease(after, own);
  const found = ownLease ? foundMeanwhile(state, after, now, own) : undefined;
  const decision = found ? rebased(found, record) : decisionUnder(after, event, record, now, own);
  after = { ...after, decision };
  if (record?.record.state === "open" || !isTripped(record)) after = { ...after, recovery: NO_RECOVERY };
  // It opened again, and this process did not see it open.
  else if (record.record.reopens !== state.record?.record.reopens)
    after = { ...after, recovery: { ...after.recovery, passed: 0 } };
  if (own.checked && isTripped(record) && !knowsNothing(state))
    after = { ...after, recovery: leftToChecks(after, record, now) };
  // The lease came too late for the call that asked. It now belongs to the probe that this process began meanwhile.
  if (after.probe.kind === "running" && now < after.probe.untilMs && after.decision.kind === "none") {
    if (holdsLease(after, own)) return stay(adoptLease(after));
  }
  return stay(newEpoch({ ...after, probe: NO_PROBE }));
}

/** A process that lives only for a call or two: the first record that it sees has to do. */
const knowsNothing = ({ record, epoch }: State): boolean => record === undefined && epoch === 0;

/**
 * The check of this process comes again soon, even if the record looks as if nobody had checked for long. First comes
 * the process that gave the lease back; if that process ended, another one does.
 */
function leftToChecks({ recovery }: State, { record }: CachedRecord, now: number): State["recovery"] {
  const othersMs = record.until === 0 ? now + OTHERS_CHECK_MS : 0;
  const pausedUntilMs = Math.max(recovery.pausedUntilMs, othersMs);
  return { ...recovery, pausedUntilMs, checkedUntilMs: now + LEASE_MS };
}

/** What remains of the decision under another generation. */
function decisionUnder(
  { decision }: State,
  event: Of<"record">,
  record: CachedRecord | undefined,
  now: number,
  own: Own,
): Decision {
  if (stillApplies(decision, record, now)) return decision;
  // This process's own opening, written before the store's clock was known, ends too early.
  const isOwnOpening =
    decision.kind === "opened" &&
    !decision.manual &&
    record?.record.state === "open" &&
    record.record.by === own.identity &&
    !inForce(record, now);
  return isOwnOpening || precedesRecords(decision, event, now, own) ? rebased(decision, record) : NO_DECISION;
}

/**
 * This process opened the circuit before it knew of any record, and now finds one that others had closed before. For a
 * process that lives only for a call or two this is the usual case, and without this rule its trip would never count.
 */
function precedesRecords(
  decision: Decision,
  { record, ageMs }: Of<"record">,
  now: number,
  own: Own,
): decision is BasedDecision {
  if (decision.kind !== "opened" || decision.base !== 0 || now >= decision.untilMs) return false;
  if (record?.record.state !== "closed" || record.record.by === own.identity) return false;
  const openedAgoMs = now - (decision.untilMs - decision.durationMs);
  return ageMs > openedAgoMs + CLOCK_ERROR_MS;
}

/**
 * Whether the fleet's record is obeyed. With `scope: "confirm"`, or while calls here succeed, a failure here has to
 * confirm it first.
 */
function takeRecord(state: State, event: Of<"record">, own: Own): State {
  const record = event.record?.record;
  if (record === undefined || record.state === "closed")
    return { ...state, record: event.record, remoteOpen: "unseen" };
  if (record.manual || record.by === own.identity)
    return { ...state, record: event.record, remoteOpen: "obeyed" };
  if (state.remoteOpen !== "unseen") return { ...state, record: event.record };
  const doubtful = state.announced === "closed" && (own.settings.scope === "confirm" || event.doubts);
  return { ...state, record: event.record, remoteOpen: doubtful ? "unconfirmed" : "obeyed" };
}

function adoptLease(state: State): State {
  const { record, probe } = state;
  if (record === undefined || probe.kind !== "running") return state;
  return { ...state, probe: { ...probe, untilMs: Math.max(probe.untilMs, record.deadline) } };
}

/** This process has the lease: for the running probe, or for the next call. */
export function leaseAnswered(state: State, event: Of<"lease">, now: number, own: Own): Step {
  const probe = state.probe.kind === "waiting" ? NO_PROBE : state.probe;
  const after: State = { ...state, record: event.record, leaseRequested: false, probe };
  if (event.outcome !== "granted" || !holdsLease(after, own)) return stay(after);
  const found = foundMeanwhile(state, after, now, own);
  if (found === undefined) return stay(adoptLease({ ...after, decision: NO_DECISION }));
  return { state: { ...after, decision: rebased(found, after.record) }, effects: [PROPOSE] };
}

/** A probe began without the lease, and ended before the lease came. Its outcome is written under the lease. */
function foundMeanwhile(before: State, after: State, now: number, own: Own): BasedDecision | undefined {
  const { decision } = before;
  if (decision.kind === "none" || isProvisional(decision)) return undefined;
  if (!isBasedOn(decision, obeyed(before, own))) return undefined;
  if (decision.kind === "opened") return now < decision.untilMs ? decision : undefined;
  // The lease was written with what was known at the time of the request.
  const isNews = decision.kind === "closed" || decision.passed !== after.record?.record.passed;
  return isNews ? decision : undefined;
}

/** The store accepted the decision, or there was nothing to write. */
export function proposalAnswered(state: State, event: Of<"proposal">, now: number, own: Own): Step {
  const after: State = { ...state, record: event.record };
  const { decision } = state;
  const { outcome, written } = event;
  const record = obeyed(after, own);
  if (decision.kind === "none") return stay(after);
  if (outcome === "failed")
    return stay(
      decision.kind === "opened" ? { ...after, decision: { ...decision, madeOffline: true } } : after,
    );
  if (outcome === "granted") {
    if (decision !== written) return stay({ ...after, decision: rebased(decision, record) });
    // What was written for an opening may have been a vote. In that case the decision stays.
    const goesOn = decision.kind === "opened" && !(record?.record.state === "open" && inForce(record, now));
    const known = { ...rebased(decision, record), provisional: undefined };
    const recovery = isProvisional(decision)
      ? { ...NO_RECOVERY, reopens: after.recovery.reopens }
      : after.recovery;
    return stay({ ...after, recovery, decision: goesOn ? known : NO_DECISION });
  }
  if (outcome !== "unneeded" || decision !== written) return stay(after);
  const goesOn =
    stillApplies(decision, record, now) &&
    (decision.kind === "released" || (decision.kind === "opened" && !isTripped(record)));
  return stay(goesOn ? after : { ...after, decision: NO_DECISION });
}

export function operatorOpens(state: State, event: Of<"operator-opens">, now: number, own: Own): Step {
  const { durationMs, reason, storeDown: madeOffline } = event;
  const base = generationOf(obeyed(state, own));
  const untilMs = now + durationMs;
  return stay(
    newEpoch({
      ...state,
      decision: {
        kind: "opened",
        base,
        untilMs,
        durationMs,
        reason,
        manual: true,
        reopens: 0,
        madeOffline,
        visibility: "fleet",
      },
      probe: NO_PROBE,
      recovery: NO_RECOVERY,
    }),
  );
}

export function operatorWrote(state: State, event: Of<"operator-wrote">): Step {
  const remoteOpen = event.record?.record.manual ? "obeyed" : "unseen";
  return stay(
    newEpoch({
      ...state,
      record: event.record,
      remoteOpen,
      decision: NO_DECISION,
      probe: NO_PROBE,
      recovery: NO_RECOVERY,
      cause: undefined,
    }),
  );
}
