import { type CircuitRecord, LEASE_LONGEST_MS, LEASE_MS } from "../../protocol/record.js";
import { leased, type Stamp } from "../../protocol/transition.js";
import { type Own, obeyed, standingWithoutProbe } from "./standing.js";
import type { State } from "./state.js";

/** A lease ends this much later than the call's own deadline. */
const LEASE_MARGIN_MS = 1_000;

/**
 * How long a lease lasts: the call's deadline, or 10 s; doubled for each lease in a row that ended without an outcome.
 */
export function leaseMs(callTimeoutMs: number, lapsed: number): number {
  const first = callTimeoutMs === 0 ? LEASE_MS : callTimeoutMs + LEASE_MARGIN_MS;
  return Math.min(first * 2 ** lapsed, LEASE_LONGEST_MS);
}

/** How many leases in a row ended without an outcome, including the one that just ended. */
export function lapsesIn(record: CircuitRecord | undefined): number {
  if (record?.state !== "half-open") return 0;
  if (record.owner !== "") return record.lapsed + 1;
  // Given back without a probe, a lease leaves a 1, so that the next process probes at once. It did not lapse.
  return record.lapsed === 1 ? 0 : record.lapsed;
}

/** How many leases lapsed, as far as the fleet or this process knows. */
export const lapsesOf = (state: State, own: Own): number =>
  Math.max(lapsesIn(obeyed(state, own)?.record), state.recovery.lapses);

/** The record that gives this process the lease; `null` if no lease can be had any more. */
export function leaseRecord(
  state: State,
  now: number,
  stamp: Stamp,
  own: Own,
  callTimeoutMs: number,
): CircuitRecord | null {
  if (standingWithoutProbe(state, now, own).kind !== "due") return null;
  const record = obeyed(state, own)?.record ?? null;
  const { decision } = state;
  const released = decision.kind === "released" && record !== null;
  // This process gave the lease back, and the store does not know yet: that lease did not lapse.
  const lapsed = released ? Math.max(lapsesIn(record) - 1, state.recovery.lapses) : lapsesOf(state, own);
  return leased(stamp, released ? { ...record, passed: decision.passed } : record, {
    owner: own.owner,
    duration: leaseMs(callTimeoutMs, lapsed),
    lapsed,
  });
}
