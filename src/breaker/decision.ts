import { type Ballot, castVote, hasVoted, withdrawVote } from "../protocol/ballot.js";
import type { CircuitRecord } from "../protocol/record.js";
import { closed, leaseReleased, opened, type Stamp, voted } from "../protocol/transition.js";
import {
  generationOf,
  holdsLease,
  inForce,
  isBasedOn,
  isLocalOnly,
  isProvisional,
  isTripped,
  type Own,
  obeyed,
} from "./standing.js";
import type { BasedDecision, CachedRecord, Decision, State } from "./state.js";

/**
 * Whether the decision still says something that the fleet's record does not. Once the fleet is at another generation
 * it is late, unless it was made offline and nobody else has opened the circuit since.
 */
export function stillApplies(decision: Decision, record: CachedRecord | undefined, now: number): boolean {
  if (isBasedOn(decision, record)) return true;
  const offline = decision.kind === "opened" && decision.madeOffline && now < decision.untilMs;
  return offline && !isProvisional(decision) && !inForce(record, now);
}

/** It goes on under the generation that the fleet is at now. */
export const rebased = (decision: BasedDecision, record: CachedRecord | undefined): BasedDecision => ({
  ...decision,
  base: generationOf(record),
});

/** The decision is still to be written for the fleet. `storeNow`: a vote that ran out by then has to be cast again. */
export function isPending(state: State, now: number, own: Own, storeNow = 0): boolean {
  const { decision } = state;
  if (decision.kind === "none") return false;
  // Kept to this process, except for what an operator did.
  if (isLocalOnly(own) && !(decision.kind === "opened" && decision.manual)) return false;
  if (decision.kind === "closed") return !decision.localOnly;
  if (decision.kind === "released") return isTripped(obeyed(state, own));
  if (now >= decision.untilMs) return false;
  if (decision.visibility === "fleet" || holdsLease(state, own)) return true;
  const votes = obeyed(state, own)?.record.votes ?? [];
  return decision.visibility === "vote" && !hasVoted(votes, own.host, storeNow);
}

/** The record that tells the fleet of the decision, or `null` when nothing has to be written. */
export function recordOf(state: State, now: number, stamp: Stamp, own: Own): CircuitRecord | null {
  const { decision } = state;
  const cached = obeyed(state, own);
  if (decision.kind === "none" || !stillApplies(decision, cached, now)) return null;
  const record = cached?.record ?? null;
  const ballot: Ballot = { host: own.host, quorum: own.settings.quorum, window: own.settings.window };
  switch (decision.kind) {
    case "opened": {
      const left = decision.untilMs - now;
      if (left <= 0) return null;
      // A lease that ended in a failure which doesn't open the fleet's circuit goes back to the fleet.
      const before = record?.owner === own.owner ? leaseReleased(stamp, record, 0) : record;
      if (decision.visibility === "here") return before === record ? null : before;
      if (decision.visibility === "vote") {
        if (inForce(cached, now) && record?.state === "open") return null;
        const votes = castVote(record?.votes ?? [], ballot, stamp.now, left);
        if (votes.length < ballot.quorum) return voted(stamp, before, votes);
      }
      const { durationMs: duration, reason, manual, reopens } = decision;
      return { ...opened(stamp, { duration, reason, manual, reopens }), until: stamp.now + Math.ceil(left) };
    }
    // Where the fleet never knew it open, there is no lease to give back, and nothing to close.
    case "released":
      return isTripped(cached) ? leaseReleased(stamp, cached.record, decision.passed) : null;
    case "closed": {
      if (isTripped(cached))
        return decision.localOnly ? null : closed(stamp, decision.reason, state.recovery.reopens);
      const votes = withdrawVote(record?.votes ?? [], ballot.host);
      return votes.length === (record?.votes.length ?? 0) ? null : voted(stamp, record, votes);
    }
  }
}
