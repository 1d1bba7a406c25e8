// What a write adds to a record: a revision, a nonce, who and when; and how long the store keeps it.
import {
  type CircuitRecord,
  HOLD_KEPT_MS,
  isHold,
  KEPT_MS,
  type VersionedRecord,
} from "../protocol/record.js";
import { nextRevision, type Stamp } from "../protocol/transition.js";
import type { Clock } from "../runtime/clock.js";
import type { Entry } from "./entry.js";
import type { StoreClock } from "./store-clock.js";

/** Who writes, and by which clocks. */
export interface StampHost {
  readonly clock: Clock;
  readonly storeClock: StoreClock;
  readonly identity: string;
}

/** Whether a wrong clock would be visible in it. */
export function hasDeadlines(record: VersionedRecord): boolean {
  return record.until !== 0 || ((record as Partial<CircuitRecord>).votes ?? []).length > 0;
}

export function makeStamp(host: StampHost, entry: Entry<VersionedRecord>): Stamp {
  const now = Math.floor(host.storeClock.now());
  return { revision: nextRevision(entry.seen, now), nonce: nonce(host), now, by: host.identity };
}

const nonce = ({ clock }: StampHost): string =>
  clock.random().toString(36).slice(2) + clock.random().toString(36).slice(2) || "0";

/** Records are deleted only by expiry, and late: a process that looks a day after the deadline still finds them. */
export function ttl(record: VersionedRecord, now: number): number {
  const endless = isHold(record) && record.until === 0 && record.state !== "released";
  return endless ? HOLD_KEPT_MS : Math.max(Math.ceil(record.until - now), 0) + KEPT_MS;
}
