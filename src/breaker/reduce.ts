import { openTime } from "../policy/open-time.js";
import { stillApplies } from "./decision.js";
import type { Effect, Event, Opening, Verdict } from "./event.js";
import { lapsesOf, leaseMs } from "./lease.js";
import {
  generationOf,
  holdsLease,
  inForce,
  isLocalOnly,
  isOpenHereAlone,
  isTripped,
  type Own,
  obeyed,
  stand,
  tellsOfUnusedLease,
} from "./standing.js";
import { NO_DECISION, NO_PROBE, NO_RECOVERY, type State, type Visibility } from "./state.js";

/** Votes go out over so many ms, and not at all when the circuit is open by then. */
const VOTE_SPREAD_MS = 200;
/** Where no swap decides, the processes of a fleet try at different moments of this share of the open time. */
const ATTEMPT_SPREAD = 0.1;

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
  /** For a call: what it meets. */
  readonly verdict?: Verdict;
}

type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

const NOTHING: readonly Effect[] = [];
const PROPOSE: Effect = { type: "propose", delayMs: 0 };

/**
 * What a circuit does, all of it: a state, what happens, the local time, and what follows from that. Pure.
 *
 * What always holds, each with its test:
 *  1. What this process decided is obeyed here at once, and by others only when the store has it.
 *  2. A result counts only under the epoch of its call; whatever opens, closes or holds begins one.
 *  3. One probe at a time runs here, and only while no other lease is known to run.
 *  4. A probe that ends gives its lease up in every way: it opens, closes, or goes back.
 *  5. Only a probe that succeeded, an operator, or the fleet's record closes what was open.
 *  6. At most one call is rejected for want of a lease until the circuit opens again.
 *  7. A lease without an outcome doubles the next one, so that a slow probe ends within its own.
 *  8. Every step leads on: from any state some call, or time, leads to another.
 */
export function reduce(state: State, event: Event, now: number, own: Own): Step {
  return settle(state, next(state, event, now, own), now, own);
}

function next(state: State, event: Event, now: number, own: Own): Step {
  switch (event.type) {
    case "call":
      return call(state, event, now, own);
    case "tripped":
      return open(state, event.opening, 0, now, own);
    case "confirmed":
      return stay(newEpoch({ ...state, remoteOpen: "obeyed", cause: event.cause }));
    case "probe-succeeded":
      return probeSucceeded(state, own);
    case "probe-failed":
      return probeFailed(state, event.opening, now, own);
    case "probe-released":
      return probeReleased(state, event, now, own);
    case "asked-for-longer":
      return openLonger(state, event, now, own);
    case "record":
      return recordChanged(state, event, now, own);
    case "hold":
      return stay({ ...state, hold: event.hold });
    case "lease":
      return leaseAnswered(state, event, now, own);
    case "proposal":
      return proposalAnswered(state, event, now, own);
    case "operator-opens":
      return operatorOpens(state, event, now, own);
    case "operator-wrote":
      return operatorWrote(state, event);
    case "time":
      return stay(state);
  }
}

// ── Calls ───────────────────────────────────────────────────────────────────────────────────────

function call(state: State, event: Of<"call">, now: number, own: Own): Step {
  const hold = activeHold(state, now);
  if (hold !== undefined) return answer(state, hold === "closed" ? "held" : "reject");
  const standing = stand(state, now, own);
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

/** The next call after the open time, or after a lease without an outcome. */
function tryToProbe(state: State, event: Of<"call">, now: number, own: Own): Step {
  const { record } = state;
  if (event.withinProbe) return answer(state, "nested");
  if (holdsLease(state, own) && inForce(record, now)) return probe(state, record.deadline, now);
  const localUntilMs = now + leaseMs(event.callTimeoutMs, lapsesOf(ended(state, now), own));
  if (event.storeFails || isOpenHereAlone(state, own)) return probe(state, localUntilMs, now);
  // The lease is to be had, and this call can have no more of it than the last one had.
  const rejectedBefore = state.recovery.unserved || tellsOfUnusedLease(obeyed(state, own), now);
  const canWait = !event.asked && (event.waitMs > 0 ? !state.recovery.unserved : !rejectedBefore);
  if (canWait) {
    const waiting = { ...state, probe: { kind: "waiting", untilMs: now + event.waitMs } } as const;
    return { ...requestLease(waiting, event.callTimeoutMs), verdict: "ask" };
  }
  if (rejectedBefore) {
    const { state: probing } = probe(state, localUntilMs, now);
    return { ...requestLease(probing, event.callTimeoutMs), verdict: "probe" };
  }
  return answer({ ...state, recovery: { ...state.recovery, unserved: true } }, "reject");
}

/** The call becomes the probe; the lease of the one before it, if that still runs, is over. */
function probe(state: State, untilMs: number, now: number): Step {
  const { recovery } = ended(state, now);
  const epoch = state.epoch + 1;
  return answer({ ...state, recovery, epoch, probe: { kind: "running", untilMs, epoch } }, "probe");
}

/** A probe of this process whose lease ended before it did makes the next lease longer. */
function ended(state: State, now: number): State {
  const { probe, recovery } = state;
  if (probe.kind !== "running" || now < probe.untilMs) return state;
  return { ...state, recovery: { ...recovery, lapses: recovery.lapses + 1 } };
}

function requestLease(state: State, callTimeoutMs: number): Step {
  if (state.leaseRequested) return stay(state);
  return { state: { ...state, leaseRequested: true }, effects: [{ type: "ask-for-lease", callTimeoutMs }] };
}

const runsNested = ({ probe, recovery }: State, now: number): boolean =>
  recovery.nests && probe.kind === "running" && now < probe.untilMs;

/** With `recovery: "all"` the circuit closes here when its time is over, by nobody's probe. */
function closesUnasked(state: State, own: Own): State {
  const { decision } = state;
  const record = obeyed(state, own);
  if (!isTripped(record) && decision.kind !== "opened") return state;
  if (decision.kind === "closed") return state;
  const base = generationOf(record);
  return newEpoch({ ...state, decision: { kind: "closed", base, reason: "", localOnly: true } });
}

// ── Outcomes ────────────────────────────────────────────────────────────────────────────────────

function open(state: State, opening: Opening, reopens: number, now: number, own: Own): Step {
  const { settings } = own;
  const durationMs = openTime(settings, reopens, opening.openFor, () => opening.random);
  const told: Visibility = settings.quorum > 1 ? "vote" : "fleet";
  const visibility = isLocalOnly(own) || opening.ofThisHost ? "here" : told;
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

/** It opens again, for longer where `backoff` says so. */
function probeFailed(state: State, opening: Opening, now: number, own: Own): Step {
  return open(state, opening, reopensBefore(state, own) + 1, now, own);
}

/** It closes, or, where it takes more probes, the lease goes to the next one. */
function probeSucceeded(state: State, own: Own): Step {
  const passed = passedBefore(state, own) + 1;
  const base = generationOf(obeyed(state, own));
  if (passed < own.settings.probes) return release(state, base, passed);
  const decision = { kind: "closed", base, reason: "probe succeeded", localOnly: false } as const;
  return { state: newEpoch({ ...state, decision, probe: NO_PROBE }), effects: [PROPOSE] };
}

/** Neither success nor failure: the lease goes back, and the next call may probe. */
function probeReleased(state: State, event: Of<"probe-released">, now: number, own: Own): Step {
  const pausedUntilMs = event.byItself ? now : now + Math.min(event.pauseMs, own.settings.openMs);
  const recovery = { ...state.recovery, pausedUntilMs, nests: state.recovery.nests || event.byItself };
  return release({ ...state, recovery }, generationOf(obeyed(state, own)), passedBefore(state, own));
}

function release(state: State, base: number, passed: number): Step {
  const decision = { kind: "released", base, passed } as const;
  const recovery = { ...state.recovery, lapses: 0 };
  return { state: newEpoch({ ...state, decision, recovery, probe: NO_PROBE }), effects: [PROPOSE] };
}

const passedBefore = (state: State, own: Own): number =>
  state.decision.kind === "released" ? state.decision.passed : (obeyed(state, own)?.record.passed ?? 0);

const reopensBefore = (state: State, own: Own): number =>
  Math.max(obeyed(state, own)?.record.reopens ?? 0, state.recovery.reopens);

/** No probe has ended since the calls of some process tripped the circuit. */
export const isFirstProbe = (state: State, own: Own): boolean =>
  passedBefore(state, own) === 0 && reopensBefore(state, own) === 0;

/** Of all the times that the failures of one outage ask for, the longest holds. */
function openLonger(state: State, event: Of<"asked-for-longer">, now: number, own: Own): Step {
  const standing = stand(state, now, own);
  const record = obeyed(state, own);
  const untilMs = now + event.openMs;
  if (standing.kind !== "open" || untilMs <= standing.untilMs || record?.record.manual) return stay(state);
  const mine = state.decision.kind === "opened" ? state.decision : undefined;
  if (mine?.manual) return stay(state);
  const told: Visibility = isLocalOnly(own) ? "here" : own.settings.quorum > 1 ? "vote" : "fleet";
  return {
    state: {
      ...state,
      decision: {
        kind: "opened",
        base: generationOf(record),
        untilMs,
        durationMs: event.openMs,
        reason: mine?.reason ?? record?.record.reason ?? "",
        manual: false,
        reopens: mine?.reopens ?? record?.record.reopens ?? 0,
        madeOffline: event.storeDown,
        // Where the fleet's record is open, the quorum was met.
        visibility: record?.record.state === "open" ? "fleet" : (mine?.visibility ?? told),
      },
    },
    effects: [PROPOSE],
  };
}

// ── The fleet ───────────────────────────────────────────────────────────────────────────────────

/** Another process, or an operator, changed the fleet's record. */
function recordChanged(state: State, event: Of<"record">, now: number, own: Own): Step {
  const before = generationOf(obeyed(state, own));
  let after = hear(state, event, own);
  const record = obeyed(after, own);
  if (after.record?.record.revision !== state.record?.record.revision)
    after = {
      ...after,
      attemptDelayMs: event.random * ATTEMPT_SPREAD * (after.record?.record.duration ?? 0),
    };
  if (generationOf(record) === before) return stay(after);
  if (!stillApplies(after.decision, record, now)) after = { ...after, decision: NO_DECISION };
  if (record?.record.state === "open" || !isTripped(record)) after = { ...after, recovery: NO_RECOVERY };
  // A lease granted too late for its asker is for the probe that this process began meanwhile.
  if (after.probe.kind === "running" && now < after.probe.untilMs && after.decision.kind === "none") {
    if (holdsLease(after, own)) return stay(adoptLease(after));
  }
  return stay(newEpoch({ ...after, probe: NO_PROBE }));
}

/** Whether what the fleet says is obeyed: with `scope: "confirm"`, or while calls here succeed, a failure confirms it. */
function hear(state: State, event: Of<"record">, own: Own): State {
  const record = event.record?.record;
  if (record === undefined || record.state === "closed")
    return { ...state, record: event.record, remoteOpen: "unseen" };
  if (record.manual) return { ...state, record: event.record, remoteOpen: "obeyed" };
  if (state.remoteOpen !== "unseen") return { ...state, record: event.record };
  const doubtful =
    record.by !== own.identity &&
    state.announced === "closed" &&
    (own.settings.scope === "confirm" || event.doubts);
  return { ...state, record: event.record, remoteOpen: doubtful ? "unconfirmed" : "obeyed" };
}

function adoptLease(state: State): State {
  const { record, probe } = state;
  if (record === undefined || probe.kind !== "running") return state;
  return { ...state, probe: { ...probe, untilMs: Math.max(probe.untilMs, record.deadline) } };
}

/** The lease is this process's: for the probe that runs, or for the next call. */
function leaseAnswered(state: State, event: Of<"lease">, now: number, own: Own): Step {
  const probe = state.probe.kind === "waiting" ? NO_PROBE : state.probe;
  const after: State = { ...state, record: event.record, leaseRequested: false, probe };
  if (event.outcome !== "granted" || !holdsLease(after, own)) return stay(after);
  const { decision } = after;
  // A probe that began meanwhile may have ended meanwhile: what it found out is said under the lease.
  if (
    decision.kind !== "none" &&
    decision.base === generationOf(obeyed(state, own)) &&
    endedMeanwhile(state, now)
  )
    return {
      state: { ...after, decision: { ...decision, base: generationOf(after.record) } },
      effects: [PROPOSE],
    };
  return stay(adoptLease({ ...after, decision: NO_DECISION }));
}

const endedMeanwhile = ({ decision }: State, now: number): boolean =>
  decision.kind === "closed" || (decision.kind === "opened" && now < decision.untilMs);

/** The store took the decision, or there was nothing to write. */
function proposalAnswered(state: State, event: Of<"proposal">, now: number, own: Own): Step {
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
    // What was written for an opening may have been a vote: then it goes on here.
    const fulfilled =
      decision === written &&
      (decision.kind !== "opened" || (record?.record.state === "open" && inForce(record, now)));
    return stay({
      ...after,
      decision: fulfilled ? NO_DECISION : { ...decision, base: generationOf(record) },
    });
  }
  if (outcome !== "moot" || decision !== written) return stay(after);
  const goesOn =
    stillApplies(decision, record, now) &&
    (decision.kind === "released" || (decision.kind === "opened" && !isTripped(record)));
  return stay(goesOn ? after : { ...after, decision: NO_DECISION });
}

function operatorOpens(state: State, event: Of<"operator-opens">, now: number, own: Own): Step {
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

function operatorWrote(state: State, event: Of<"operator-wrote">): Step {
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

// ── After each step ─────────────────────────────────────────────────────────────────────────────

/** What follows from the new state: an epoch where calls are admitted as something else, and the news of it. */
function settle(before: State, step: Step, now: number, own: Own): Step {
  let { state } = step;
  const effects: Effect[] = [];
  const hold = activeHold(state, now);
  if (hold === undefined && state.hold !== undefined) state = { ...state, hold: undefined };
  if (state.hold?.state !== before.hold?.state)
    effects.push(state.hold ? { type: "announce-hold", hold: state.hold } : { type: "announce-release" });
  const standing = stand(state, now, own);
  const admits =
    hold === "closed" ? "held" : hold === "open" || standing.kind !== "closed" ? "nothing" : "closed";
  if (admits !== state.admits) {
    const moved = state.epoch !== before.epoch;
    state = { ...state, admits, epoch: moved ? state.epoch : state.epoch + 1 };
  }
  const announced = phaseOf(state, standing.kind, now, own);
  if (announced !== state.announced) {
    const local = state.decision.kind !== "none" || state.record?.record.by === own.identity;
    effects.push({ type: "announce", state: announced, local });
    state = {
      ...state,
      announced,
      ...(announced === "closed" ? { cause: undefined, recovery: NO_RECOVERY } : {}),
    };
  }
  if (effects.length === 0 && state === step.state) return step;
  return { ...step, state, effects: step.effects.length === 0 ? effects : [...effects, ...step.effects] };
}

/** The state that is announced: half-open once a probe is under way, here or elsewhere. */
function phaseOf(
  state: State,
  kind: ReturnType<typeof stand>["kind"],
  now: number,
  own: Own,
): State["announced"] {
  const { probe, decision } = state;
  if (kind === "closed" || kind === "open") return kind;
  if (probe.kind === "running" && now < probe.untilMs) return "half-open";
  if (decision.kind === "opened") return "open";
  if (decision.kind === "released") return "half-open";
  return obeyed(state, own)?.record.state ?? "open";
}

/** The hold in force, if one is. */
export function activeHold({ hold }: State, now: number): "open" | "closed" | undefined {
  return hold !== undefined && now < hold.untilMs ? hold.state : undefined;
}

const stay = (state: State): Step => ({ state, effects: NOTHING });
const answer = (state: State, verdict: Verdict): Step => ({ state, effects: NOTHING, verdict });
const newEpoch = (state: State): State => ({ ...state, epoch: state.epoch + 1 });
