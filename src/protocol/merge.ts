import type { VersionedRecord } from "./record.js";

const RESTRICTIVENESS: Readonly<Record<string, number>> = { open: 3, "half-open": 2, closed: 1, released: 0 };

/** How much each state restricts; a total order over all states. */
export const restrictiveness = (state: string): number => RESTRICTIVENESS[state] ?? 0;

/** What a merge looks at: the stored bytes, and their meaning. */
export interface Stored {
  readonly raw: string;
  readonly record: VersionedRecord;
}

/**
 * Which of two records of one circuit replaces the other: negative, zero (the same bytes) or positive.
 *
 * A total order, so that taking the greater one is a join: commutative, associative, idempotent. Then a lost delivery
 * only delays, and a repeated or reordered one changes nothing. The higher revision wins. At equal revisions the more
 * restrictive record wins, then the later deadline, then the order of the bytes.
 */
export function compare(a: Stored, b: Stored): number {
  return (
    a.record.revision - b.record.revision ||
    restrictiveness(a.record.state) - restrictiveness(b.record.state) ||
    a.record.until - b.record.until ||
    (a.raw === b.raw ? 0 : a.raw < b.raw ? -1 : 1)
  );
}

/** The join: what a process knows after it has seen both. */
export function merge<S extends Stored>(a: S, b: S): S {
  return compare(a, b) >= 0 ? a : b;
}
