import type { CircuitState } from "../events/circuit-state.js";

export type { CircuitState };

/** What every record in the store has, a circuit's and an override's alike. */
export interface VersionedRecord {
  readonly v: 1;
  /** Grows at every write: tells which of two records is newer. */
  readonly revision: number;
  /** Unlike any other write's: by it a process knows its own write again. */
  readonly nonce: string;
  readonly state: string;
  /** In the store's clock, ms since the epoch: when this state ends by itself; 0 where it doesn't. */
  readonly until: number;
  /** The length behind `until`, in ms: for readers with no clock in common with the store. */
  readonly duration: number;
  /** Who wrote it. */
  readonly by: string;
  /** Why, as far as it may be shared. */
  readonly reason: string;
  /** When this state began, in the store's clock. */
  readonly at: number;
}

/** A host's word that the backend fails it. `until`: in the store's clock, when it no longer counts. */
export interface Vote {
  readonly host: string;
  readonly until: number;
}

/** What the store keeps for one circuit. `until` is the end of the open time, or of the probe's lease. */
export interface CircuitRecord extends VersionedRecord {
  readonly state: CircuitState;
  /**
   * The revision of the last transition: a result counts only under the generation it was admitted under. 0 in a
   * closed record that holds votes and was never anything else.
   */
  readonly generation: number;
  /** Half-open: who holds the lease; empty when it may be taken. */
  readonly owner: string;
  /** How many leases in a row ran out with no outcome. */
  readonly lapsed: number;
  /** How many probes in a row succeeded. */
  readonly passed: number;
  /** How many probes in a row failed; closed: what goes on with that if it opens again too soon. */
  readonly reopens: number;
  /** An operator opened it: its deadline may be longer than the circuit's own. */
  readonly manual: boolean;
  /** Closed or half-open: the hosts that would open it, fewer than it takes. */
  readonly votes: readonly Vote[];
}

/** An operator's hold, a record of its own beside the circuit's; `released` is what a release leaves behind. */
export interface HoldRecord extends VersionedRecord {
  readonly state: "open" | "closed" | "released";
}

/** A record as this process has it: the bytes, what they say, and its deadline on the local monotonic clock. */
export interface CachedRecord<R extends VersionedRecord> {
  readonly raw: string;
  readonly record: R;
  readonly deadline: number;
}

const MINUTE = 60_000;

/** Every record outlives its deadline by this much, so that late readers still learn of it. */
export const KEPT_MS: number = 24 * 60 * MINUTE;
/** No record holds more votes. */
export const MOST_VOTES = 32;
/** No deadline set by an operator is believed beyond this. */
export const OPERATOR_LONGEST_MS: number = 24 * 60 * MINUTE;
/** A lease without a known call time-out; doubled for each that lapsed. */
export const LEASE_MS = 10_000;
export const LEASE_LONGEST_MS: number = 10 * MINUTE;
/** A hold without an end, which any replica that knows of it restores, is stored for this long at a time. */
export const HOLD_KEPT_MS: number = 28 * 24 * 60 * MINUTE;
