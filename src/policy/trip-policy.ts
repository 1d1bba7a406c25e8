/** Why the calls of this process trip a circuit. */
export type TripReason = "failure" | "failure rate" | "slow calls" | "slow calls under way";

/** Decides when the calls of this process trip a circuit. Each way of counting them is one policy. */
export interface TripPolicy {
  /** Records a call that ended by `now`, on the monotonic clock in ms. Returns why it trips the circuit, if it does. */
  record(now: number, failed: boolean, slow: boolean): TripReason | undefined;
  /** Forgets its counts: from now on calls are counted from zero. */
  clear(): void;
}
