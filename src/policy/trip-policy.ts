/** Why the calls of this process trip a circuit. */
export type TripReason = "failure" | "failure rate" | "slow calls" | "slow calls under way";

/** When the calls of this process trip a circuit: each way of counting them is one of these. */
export interface TripPolicy {
  /** Takes a call that ended by `now`, on the monotonic clock in ms; says why it trips the circuit, if it does. */
  record(now: number, failed: boolean, slow: boolean): TripReason | undefined;
  /** Forgets what it has counted: the circuit has closed. */
  clear(): void;
}
