import { type Ballot, castVote, hasVoted, withdrawVote } from "../../protocol/ballot.js";
import type { CircuitRecord } from "../../protocol/record.js";
import { closed, leaseReleased, opened, type Stamp, voted } from "../../protocol/transition.js";
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
 * Whether the decision still adds something to the fleet's record. Once the fleet is at another generation the decision
 * is void, unless it was made offline and nobody else has opened the circuit since.
 */
export function stillApplies(decision: Decision, record: CachedRecord | undefined, now: number): boolean {
  if (isBasedOn(decision, record)) return true;
  const offline = decision.kind === "opened" && decision.madeOffline && now < decision.untilMs;
  return offline && !isProvisional(decision) && !inForce(record, now);
}

/** Continues it under the fleet's present generation. */
export const rebased = (decision: BasedDecision, record: CachedRecord | undefined): BasedDecision => ({
  ...decision,
  base: generationOf(record),
});

/**
 * Whether the decision still has to be written for the fleet. `storeNow`: a vote that has expired by then is cast
 * again.
 */
export function isPending(state: State, now: number, own: Own, storeNow = 0): boolean {
  const { decision } = state;
  if (decision.kind === "none") return false;
  // Decisions stay in this process, except those of an operator.
  if (isLocalOnly(own) && !(decision.kind === "opened" && decision.manual)) return false;
  if (decision.kind === "closed") return !decision.localOnly;
  if (decision.kind === "released") return isTripped(obeyed(state, own));
  if (now >= decision.untilMs) return false;
  if (decision.visibility === "fleet" || holdsLease(state, own)) return true;
  const votes = obeyed(state, own)?.record.votes ?? [];
  return decision.visibility === "vote" && !hasVoted(votes, own.host, storeNow);
}

/** The record that tells the fleet about the decision, or `null` if nothing has to be written. */
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
      // The probe failed, but that failure doesn't open the circuit for the fleet: give the lease back.
      const before = record?.owner === own.owner ? leaseReleased(stamp, record, 0) : record;
      if (decision.visibility === "here") return before === record ? null : before;
      if (decision.visibility === "vote") {
        if (inForce(cached, now) && cached.record.state === "open") return null;
        const votes = castVote(record?.votes ?? [], ballot, stamp.now, left);
        if (votes.length < ballot.quorum) return voted(stamp, before, votes);
      }
      const { durationMs: duration, reason, manual, reopens } = decision;
      return { ...opened(stamp, { duration, reason, manual, reopens }), until: stamp.now + Math.ceil(left) };
    }
    // If the fleet never knew that it was open, there is no lease to give back, and nothing to close.
    case "released":
      return isTripped(cached) ? leaseReleased(stamp, cached.record, decision.passed, decision.lapsed) : null;
    case "closed": {
      if (isTripped(cached))
        return decision.localOnly ? null : closed(stamp, decision.reason, state.recovery.reopens);
      const votes = withdrawVote(record?.votes ?? [], ballot.host);
      return votes.length === (record?.votes.length ?? 0) ? null : voted(stamp, record, votes);
    }
  }
}
