/**
 * What a call is admitted under. Calls keep theirs, and their results count only while it is still the
 * breaker's: `closed` until something happens to the circuit, `probe` for the one trial call, `held` while an
 * operator holds the circuit closed. `shut` admits nobody.
 */
export class Term {
  readonly kind: "closed" | "probe" | "held" | "shut";
  /** Calls pass and need no look at anything else. */
  readonly passes: boolean;
  /** The first of the terms that are one and the same for results: a renewed one voids nobody's. */
  readonly era: Term;

  constructor(kind: Term["kind"], passes: boolean, renews?: Term) {
    this.kind = kind;
    this.passes = passes;
    this.era = renews?.era ?? this;
  }
}

/** Closed not long ago: a growing share of the calls passes. */
export class RampTerm extends Term {
  /** When it closed, on the local monotonic clock. */
  readonly closedAt: number;

  constructor(closedAt: number) {
    super("closed", false);
    this.closedAt = closedAt;
  }
}

/** Where every breaker begins; from its first transition on it has terms of its own. */
export const FIRST_TERM: Term = new Term("closed", true);
export const SHUT: Term = new Term("shut", false);
