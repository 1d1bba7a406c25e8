import type { VersionedRecord } from "../protocol/record.js";

/** What is known of the moment a record arrived. */
export interface Arrival {
  /** The store's clock, where the delivery carried it. */
  readonly now: number | undefined;
  /** It was written since we last looked, and so is no older than that: not so at start-up or after a gap. */
  readonly fresh: boolean;
}

/**
 * How much is left of a record's deadline, in ms, as far as this process can tell.
 *
 * With the store's clock: just that. Without: a change seen between two looks gets its whole duration; only what may
 * be of any age is judged by comparing wall clocks. Never more than its duration, whatever clock its writer went by.
 * What a store says is untrusted, so nothing lasts longer than `longest`.
 */
export function remaining(record: VersionedRecord, arrival: Arrival, wall: number, longest: number): number {
  if (record.until === 0) return 0;
  const most = Math.min(record.duration, longest);
  if (arrival.now !== undefined) return Math.min(record.until - arrival.now, most);
  return arrival.fresh ? most : Math.min(record.until - wall, most);
}
