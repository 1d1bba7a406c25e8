import { type Ballot, castVote, withdrawVote } from "./ballot.js";
import type { CircuitRecord, Sighting } from "./record.js";
import { closed, opened, type Stamp, voted, yielded } from "./transition.js";

/**
 * How far an opening is to go: `fleet`: it opens the circuit for all; `vote`: it is this host's vote for that;
 * `here`: it says something of this host alone, and nobody is told.
 */
export type Reach = "fleet" | "vote" | "here";

/**
 * What this process decided and the store has not granted. It is obeyed here, and never merged into the
 * replica: only the store grants revisions.
 *
 * `base` is the generation it was decided under. It lapses when the fleet has moved on to another one,
 * but for an opening made while the store could not be asked (`apart`): that is proposed as a fresh trip.
 */
export type Overlay =
  | {
      readonly state: "open";
      readonly base: number;
      /** On the local monotonic clock. */
      readonly until: number;
      readonly duration: number;
      readonly reason: string;
      readonly manual: boolean;
      readonly reopens: number;
      readonly apart: boolean;
      readonly reach: Reach;
    }
  /** The lease is given back; so many probes in a row have succeeded. */
  | { readonly state: "half-open"; readonly base: number; readonly passed: number }
  /** The probes succeeded; or, `silent`, the open time ran out where nobody probes, and nothing is written. */
  | { readonly state: "closed"; readonly base: number; readonly reason: string; readonly silent: boolean };

export type CircuitSighting = Sighting<CircuitRecord>;

/** The generation that a process acts under: that of the record it knows, 0 before there is one. */
export const generationOf = (sighting: CircuitSighting | null): number => sighting?.record.generation ?? 0;

/** Whether what the record forbids is still forbidden: it is open, or somebody's lease runs. */
export function inForce(sighting: CircuitSighting | null, now: number): boolean {
  return sighting !== null && sighting.record.state !== "closed" && now < sighting.deadline;
}

/** The fleet knows the circuit as anything but closed. */
export const unclosed = (sighting: CircuitSighting | null): sighting is CircuitSighting =>
  sighting !== null && sighting.record.state !== "closed";

/**
 * Whether the overlay still says something that the store's record doesn't. Once the fleet has moved on
 * to another generation it is late, unless it was decided apart from the fleet and nobody else has opened
 * the circuit since.
 */
export function stands(overlay: Overlay, sighting: CircuitSighting | null, now: number): boolean {
  if (generationOf(sighting) === overlay.base) return true;
  return overlay.state === "open" && overlay.apart && now < overlay.until && !inForce(sighting, now);
}

/** The record that would make the overlay the fleet's, or `null` when there is nothing to write. */
export function proposal(
  overlay: Overlay,
  sighting: CircuitSighting | null,
  now: number,
  stamp: Stamp,
  ballot: Ballot,
): CircuitRecord | null {
  if (!stands(overlay, sighting, now)) return null;
  const record = sighting?.record ?? null;
  switch (overlay.state) {
    case "open": {
      const left = overlay.until - now;
      if (left <= 0) return null;
      const { duration, reason, manual, reopens, reach } = overlay;
      // A lease that ended in a failure which doesn't open the fleet's circuit goes back to the fleet.
      const before = record?.owner === ballot.owner ? yielded(stamp, record, 0) : record;
      if (reach === "here") return before === record ? null : before;
      if (reach === "vote") {
        if (inForce(sighting, now) && record?.state === "open") return null;
        const votes = castVote(record?.votes ?? [], ballot, stamp.now, left);
        if (votes.length < ballot.quorum) return voted(stamp, before, votes);
      }
      return { ...opened(stamp, { duration, reason, manual, reopens }), until: stamp.now + Math.ceil(left) };
    }
    // Where the fleet never knew it open, there is nothing to give back, and nothing to close.
    case "half-open":
      return unclosed(sighting) ? yielded(stamp, sighting.record, overlay.passed) : null;
    case "closed": {
      if (unclosed(sighting)) return overlay.silent ? null : closed(stamp, overlay.reason);
      const votes = withdrawVote(record?.votes ?? [], ballot);
      return votes.length === (record?.votes.length ?? 0) ? null : voted(stamp, record, votes);
    }
  }
}
