import { LEASE_MS } from "../../protocol/record.js";
import type { Effect, Event } from "./event.js";
import { call } from "./on-call.js";
import { leaseAnswered, operatorOpens, operatorWrote, proposalAnswered, recordChanged } from "./on-news.js";
import { confirmed, openLonger, probeFailed, probeReleased, probeSucceeded, trip } from "./on-outcome.js";
import { activeHold, type Own, standingOf } from "./standing.js";
import { NO_PROBE, NO_RECOVERY, type State } from "./state.js";
import { type Step, stay } from "./step.js";

/**
 * All the rules of a circuit: takes a state, an event and the local time, and returns the new state and effects. Pure.
 *
 * These promises always hold, and each has its test:
 * 1. What this process decided is obeyed here at once, and by others only when the store has it. The outcome of a probe
 * whose lease may have been over is obeyed only then, here too.
 * 2. A result counts only in the epoch in which its call began. Opening, closing and holding each begin a new epoch.
 * 3. One probe at a time runs here, and only while no lease of another process is known to run.
 * 4. Every probe ends with its lease: the circuit opens, or it closes, or the lease goes back.
 * 5. Only a successful probe, an operator, or the fleet's record closes an open circuit.
 * 6. Between two openings at most one call is rejected because its lease did not come in time. While the lease request
 * is under way, for at most 250 ms, other calls here are rejected and told when to come back.
 * 7. After a lease without an outcome the next lease is twice as long, so that in the end a slow probe fits into its
 * lease.
 * 8. No state is a dead end: from each state a call, or time, leads to another.
 */
export function reduce(state: State, event: Event, now: number, own: Own): Step {
  return settle(state, next(state, event, now, own), now, own);
}

function next(state: State, event: Event, now: number, own: Own): Step {
  switch (event.type) {
    case "call":
      return call(state, event, now, own);
    case "tripped":
      return trip(state, event.opening, now, own);
    case "confirmed":
      return confirmed(state, event.cause);
    case "probe-succeeded":
      return probeSucceeded(state, event, now, own);
    case "probe-failed":
      return probeFailed(state, event, now, own);
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

/** A closed circuit keeps only how far its back-off has grown. */
const closedRecovery = ({ recovery: { reopens } }: State): State["recovery"] =>
  reopens === 0 ? NO_RECOVERY : { ...NO_RECOVERY, reopens };

/**
 * What follows from the new state: a new epoch if calls are admitted in another way now, and what listeners are told.
 */
function settle(before: State, step: Step, now: number, own: Own): Step {
  let { state } = step;
  const effects: Effect[] = [];
  const hold = activeHold(state, now);
  if (hold !== state.hold) state = { ...state, hold };
  if (hold?.state !== before.hold?.state)
    effects.push(hold ? { type: "announce-hold", hold } : { type: "announce-release" });
  // Nobody checks while an operator holds it, or before a failure here confirms it; then the check comes first.
  const holdEnded = before.hold !== undefined && hold === undefined;
  const nowObeyed = before.remoteOpen === "unconfirmed" && state.remoteOpen === "obeyed";
  if (own.checked && (holdEnded || nowObeyed))
    state = { ...state, recovery: { ...state.recovery, checkedUntilMs: now + LEASE_MS } };
  const standing = standingOf(state, now, own);
  // The circuit opened or closed while a probe ran: that probe is void.
  if (state.probe.kind !== "none" && (standing.kind === "open" || standing.kind === "closed"))
    state = { ...state, probe: NO_PROBE };
  const admissionKind =
    hold?.state === "closed" ? "held" : hold || standing.kind !== "closed" ? "rejecting" : "closed";
  if (admissionKind !== state.admissionKind) {
    const moved = state.epoch !== before.epoch;
    state = { ...state, admissionKind, epoch: moved ? state.epoch : state.epoch + 1 };
  }
  const announced = standing.kind === "due" ? "half-open" : standing.kind;
  if (announced !== state.announced) {
    const local = state.decision.kind !== "none" || state.record?.record.by === own.identity;
    effects.push({ type: "announce", state: announced, local });
    state = {
      ...state,
      announced,
      ...(announced === "closed" ? { cause: undefined, recovery: closedRecovery(state) } : {}),
    };
  }
  return { ...step, state, effects: [...effects, ...step.effects] };
}
