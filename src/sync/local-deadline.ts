import type { VersionedRecord } from "../protocol/record.js";
import type { StoreClock } from "./store-clock.js";

/** What is known about the moment when a record arrived. */
export interface Arrival {
  /** The store's clock, if it came with the record. */
  readonly now: number | undefined;
  /** It was written since our last look, so it is no older than that look. Not known at start-up or after a gap. */
  readonly fresh: boolean;
}

/** `now`: the store's clock as it came with the record. It is untrusted, like every value from a store. */
export function arrivalOf(storeClock: StoreClock, now: unknown, fresh: boolean): Arrival {
  return { now: storeClock.believable(now) ? now : undefined, fresh };
}

/**
 * The time left until a record's deadline, in ms, as far as this process can tell.
 *
 * With the store's clock it is computed from that. Without one, a change seen between two looks gets its whole
 * duration, and only a record of unknown age is judged by comparing wall clocks. It is never more than the record's
 * duration, whatever clock the writer used. Values in the store are untrusted, so nothing lasts longer than `longest`.
 */
export function remaining(record: VersionedRecord, arrival: Arrival, wall: number, longest: number): number {
  if (record.until === 0) return 0;
  const most = Math.min(record.duration, longest);
  if (arrival.now !== undefined) return Math.min(record.until - arrival.now, most);
  return arrival.fresh ? most : Math.min(record.until - wall, most);
}
