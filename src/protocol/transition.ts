import { shorten } from "./codec.js";
import type { CircuitRecord, HoldRecord, VersionedRecord, Vote } from "./record.js";

/** What a write is stamped with. The replica makes it, because it knows the store's clock and what it has seen. */
export interface Stamp {
  readonly revision: number;
  readonly nonce: string;
  /** The store's clock, ms since the epoch. */
  readonly now: number;
  readonly by: string;
}

/**
 * The revision of the next write: above everything that this process has seen (including the stored record), and at
 * least the store's clock, so that after a flush no number starts below one that others remember.
 */
export function nextRevision(highestSeen: number, storeNow: number): number {
  return Math.max(highestSeen + 1, Math.floor(storeNow));
}

/** Every transition begins a generation: results of calls admitted before it no longer count. */
function transition(stamp: Stamp, reason: string): Omit<CircuitRecord, "state" | "until" | "duration"> {
  return {
    v: 1,
    revision: stamp.revision,
    generation: stamp.revision,
    nonce: stamp.nonce,
    by: shorten(stamp.by),
    reason: shorten(reason),
    at: stamp.now,
    owner: "",
    lapsed: 0,
    passed: 0,
    reopens: 0,
    manual: false,
    votes: [],
  };
}

/** Closed or half-open to open, for `duration` ms. */
export function opened(
  stamp: Stamp,
  opening: {
    readonly duration: number;
    readonly reason: string;
    readonly manual?: boolean;
    readonly reopens?: number;
  },
): CircuitRecord {
  const { duration, reason, manual = false, reopens = 0 } = opening;
  return {
    ...transition(stamp, reason),
    state: "open",
    until: stamp.now + duration,
    duration,
    reopens,
    manual,
  };
}

/** To half-open: the fleet's one lease goes to `owner`, who alone may probe until it ends. */
export function leased(
  stamp: Stamp,
  before: CircuitRecord | null,
  lease: { readonly owner: string; readonly duration: number; readonly lapsed: number },
): CircuitRecord {
  return {
    ...transition(stamp, before?.reason ?? ""),
    state: "half-open",
    until: stamp.now + lease.duration,
    duration: lease.duration,
    owner: lease.owner,
    lapsed: lease.lapsed,
    passed: before?.passed ?? 0,
    reopens: before?.reopens ?? 0,
    votes: before?.votes ?? [],
  };
}

/** Half-open with the lease given back: the next caller may probe. `lapsed`: how many leases nobody used. */
export function leaseReleased(
  stamp: Stamp,
  before: CircuitRecord | null,
  passed: number,
  lapsed = 0,
): CircuitRecord {
  return {
    ...transition(stamp, before?.reason ?? ""),
    state: "half-open",
    until: 0,
    duration: 0,
    lapsed,
    passed,
    reopens: before?.reopens ?? 0,
    votes: before?.votes ?? [],
  };
}

/** The votes of hosts, beside the rest of the record. Not a transition, so that no result becomes void. */
export function voted(stamp: Stamp, before: CircuitRecord | null, votes: readonly Vote[]): CircuitRecord {
  const record = before ?? { ...closed(stamp, ""), generation: 0 };
  return { ...record, revision: stamp.revision, nonce: stamp.nonce, votes };
}

/** To closed. A record like any other, because a deletion would not reach anyone as news. */
export function closed(stamp: Stamp, reason: string, reopens = 0): CircuitRecord {
  return { ...transition(stamp, reason), state: "closed", until: 0, duration: 0, reopens };
}

/** An operator's hold, or its release. */
export function holdWritten(
  stamp: Stamp,
  state: HoldRecord["state"],
  hold: { readonly duration: number; readonly reason: string },
): HoldRecord {
  return {
    v: 1,
    revision: stamp.revision,
    nonce: stamp.nonce,
    state,
    until: hold.duration === 0 ? 0 : stamp.now + hold.duration,
    duration: hold.duration,
    by: shorten(stamp.by),
    reason: shorten(hold.reason),
    at: stamp.now,
  };
}

/** Writes the same record again, above what replaced it: a new revision, never a new generation. */
export function renewed<R extends VersionedRecord>(stamp: Stamp, record: R): R {
  return { ...record, revision: stamp.revision, nonce: stamp.nonce };
}

/**
 * The same record, moved to the store's own time: it was written with a guess that was too low by `error` ms. The votes
 * of a closed record were written with the same guess. Those of a half-open one are older, and stay.
 */
export function corrected<R extends VersionedRecord>(stamp: Stamp, record: R, error: number): R {
  const later = (time: number): number => (time === 0 ? 0 : time + error);
  const { votes = [] } = record as Partial<CircuitRecord>;
  const guessed = record.state === "closed" && votes.length > 0;
  return {
    ...renewed(stamp, record),
    at: later(record.at),
    until: later(record.until),
    ...(guessed ? { votes: votes.map(({ host, until }) => ({ host, until: later(until) })) } : {}),
  };
}
