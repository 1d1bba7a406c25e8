/**
 * What a call is admitted under. A call keeps its admission, and its result counts only while the circuit is still in
 * the same epoch. Kinds: `closed`; `probe` for the one trial call; `nested` for calls made from within the probe, which
 * count for nothing; `held` while an operator holds the circuit closed; `rejecting` admits no call.
 */
export class Admission {
  readonly kind: "closed" | "probe" | "nested" | "held" | "rejecting";
  /** Every call is admitted without a further check. */
  readonly admitsAll: boolean;
  readonly epoch: number;

  /** No probe begins in epoch 0. */
  constructor(kind: Admission["kind"], admitsAll = false, epoch = 0) {
    this.kind = kind;
    this.admitsAll = admitsAll;
    this.epoch = epoch;
  }
}

/** Closed not long ago: a growing share of the calls is admitted. */
export class RampAdmission extends Admission {
  /** When it closed, on the local monotonic clock. */
  readonly closedAtMs: number;

  constructor(closedAtMs: number, epoch: number) {
    super("closed", false, epoch);
    this.closedAtMs = closedAtMs;
  }
}

/** The admission that every breaker begins with. */
export const FIRST_ADMISSION: Admission = new Admission("closed", true);
export const REJECTING: Admission = new Admission("rejecting");
export const NESTED: Admission = new Admission("nested");
