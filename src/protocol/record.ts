import type { CircuitState } from "../events/circuit-state.js";

export type { CircuitState };

/** The fields that every record in the store has, a circuit's and a hold's. */
export interface VersionedRecord {
  readonly v: 1;
  /** Grows at every write: shows which of two records is newer. */
  readonly revision: number;
  /** Different for every write: a process recognises its own write by it. */
  readonly nonce: string;
  readonly state: string;
  /** When this state ends by itself, in the store's clock, ms since the epoch; 0 if it doesn't. */
  readonly until: number;
  /** The time until `until` when it was written, in ms: for readers that share no clock with the store. */
  readonly duration: number;
  /** Who wrote it. */
  readonly by: string;
  /** Why, as far as that may be shared. */
  readonly reason: string;
  /** When this state began, in the store's clock. */
  readonly at: number;
}

/** A host's vote that the backend fails. `until`: when it stops counting, in the store's clock. */
export interface Vote {
  readonly host: string;
  readonly until: number;
}

/** The store's record of one circuit. `until`: the end of the open time, or of the probe's lease. */
export interface CircuitRecord extends VersionedRecord {
  readonly state: CircuitState;
  /**
   * The revision of the last transition. A result counts only under the generation it was admitted under. 0 in a closed
   * record that holds votes and was never anything else.
   */
  readonly generation: number;
  /** Half-open: who holds the lease; empty if it is free. */
  readonly owner: string;
  /** How many leases in a row ended without an outcome. */
  readonly lapsed: number;
  /** How many probes in a row succeeded. */
  readonly passed: number;
  /** How many probes in a row failed; while closed: where that count continues if it opens again too soon. */
  readonly reopens: number;
  /** An operator opened it: its deadline may be longer than the circuit's own open time. */
  readonly manual: boolean;
  /** Closed or half-open: the hosts that voted to open it, fewer than the quorum. */
  readonly votes: readonly Vote[];
}

/** An operator's hold, a separate record beside the circuit's. A release leaves the state `released`. */
export interface HoldRecord extends VersionedRecord {
  readonly state: "open" | "closed" | "released";
}

export const isHold = (record: VersionedRecord): boolean => !("generation" in record);

/** A record as this process has it: the bytes, their meaning, and the deadline on the local monotonic clock. */
export interface CachedRecord<R extends VersionedRecord> {
  readonly raw: string;
  readonly record: R;
  readonly deadline: number;
}

const MINUTE = 60_000;

/** Every record stays in the store this much longer than its deadline, so that late readers still see it. */
export const KEPT_MS: number = 24 * 60 * MINUTE;
/** No record holds more votes. */
export const MOST_VOTES = 32;
/** A deadline set by an operator is limited to this. */
export const OPERATOR_LONGEST_MS: number = 24 * 60 * MINUTE;
/** The length of a lease if no call time-out is known; doubled for each lease that lapsed. */
export const LEASE_MS = 10_000;
export const LEASE_LONGEST_MS: number = 10 * MINUTE;
/** A hold without an end is stored for this long at a time. Any replica that knows the hold stores it again. */
export const HOLD_KEPT_MS: number = 28 * 24 * 60 * MINUTE;
