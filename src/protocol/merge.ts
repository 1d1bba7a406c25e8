import type { VersionedRecord } from "./record.js";

const RESTRICTIVENESS: Readonly<Record<string, number>> = { open: 3, "half-open": 2, closed: 1, released: 0 };

/** How much a state keeps out; a total order over all states. */
export const restrictiveness = (state: string): number => RESTRICTIVENESS[state] ?? 0;

/** The two things a merge looks at: the bytes as stored, and what they say. */
export interface Stored {
  readonly raw: string;
  readonly record: VersionedRecord;
}

/**
 * Which of two records of one circuit supersedes the other: negative, zero (the same bytes) or positive.
 *
 * A total order, so that taking the greater is a join: commutative, associative, idempotent. Lost
 * deliveries then only delay, and repeated or reordered ones do nothing. The higher revision wins; a
 * tie takes one whole record, the more restrictive, then the later deadline, then by bytes.
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
