/**
 * What a call is admitted under. Calls keep theirs, and their results count only while its epoch is the circuit's:
 * `closed`; `probe` for the one trial call; `nested` for calls made from within it, which count for nothing; `held` while an
 * operator holds the circuit closed. `rejecting` admits nobody.
 */
export class Admission {
  readonly kind: "closed" | "probe" | "nested" | "held" | "rejecting";
  /** Calls pass and need no look at anything else. */
  readonly admitsAll: boolean;
  readonly epoch: number;

  constructor(kind: Admission["kind"], admitsAll: boolean, epoch: number) {
    this.kind = kind;
    this.admitsAll = admitsAll;
    this.epoch = epoch;
  }
}

/** Closed not long ago: a growing share of the calls passes. */
export class RampAdmission extends Admission {
  /** When it closed, on the local monotonic clock. */
  readonly closedAtMs: number;

  constructor(closedAtMs: number, epoch: number) {
    super("closed", false, epoch);
    this.closedAtMs = closedAtMs;
  }
}

/** Where every breaker begins. */
export const FIRST_ADMISSION: Admission = new Admission("closed", true, 0);
export const REJECTING: Admission = new Admission("rejecting", false, -1);
export const NESTED: Admission = new Admission("nested", false, -1);
