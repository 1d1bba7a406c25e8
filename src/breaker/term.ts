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

  constructor(kind: Term["kind"], renews?: Term) {
    this.kind = kind;
    this.era = renews?.era ?? this;
    this.passes = kind === "closed" || kind === "held";
  }
}

/** Where every breaker begins; from its first transition on it has terms of its own. */
export const FIRST_TERM: Term = new Term("closed");
export const SHUT: Term = new Term("shut");
