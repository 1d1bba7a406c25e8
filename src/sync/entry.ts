import type { Decode } from "../protocol/codec.js";
import type { CachedRecord, VersionedRecord } from "../protocol/record.js";

/** The user of an entry: a breaker of this process. */
export interface Subscriber {
  /** The longest time that this circuit stays open by itself, in ms. A deadline in the store is limited to it. */
  readonly longest: number;
  /** It has decided something that the store has not granted yet. */
  readonly pending: boolean;
  /** The fleet's record of it changed, and not by this breaker. */
  changed(): void;
  /** The store can be asked: propose a pending decision. */
  flush(): void;
  /** Its record is being read. Its next call says again that it came. */
  renewAdmission?(): void;
  /** This process ends: what it has of the fleet's and does not use goes back. */
  leave?(): void;
}

/** The write that is under way. There is one at a time for each entry. */
export interface Write {
  /** Of the record that was sent; `undefined` while none is, or while it may still need a correction. */
  readonly nonce: string | undefined;
  /** The store has it: its answer said so, or the record came back by push. */
  granted(): void;
}

/**
 * This process's copy of one record, and what it knows about the store's copy. The cache writes the first group of
 * fields, the writer the second, `restore` and the operators' verbs the last two. All others only read.
 */
export class Entry<R extends VersionedRecord> {
  readonly key: string;
  readonly decode: Decode<R>;

  subscriber: Subscriber | undefined;
  /** The newest record seen. It is only ever replaced by a newer one. */
  cached: CachedRecord<R> | null = null;
  /** The highest revision seen. */
  seen = 0;
  /** The bytes in the store, as last reported; `null`: nothing; `undefined`: not known. */
  stored: string | null | undefined;
  /** If the store's record is not the newest one seen: until when it is in force, on the local monotonic clock. */
  storedDeadline = 0;
  /** When the record was adopted, by the cache's count of adoptions. */
  adopted = 0;

  write: Write | undefined;
  /** How many writes in a row failed. */
  failures = 0;
  /** How many writes in a row were given up. The store has answered nothing since. */
  timeouts = 0;
  /** While a failed write waits for its next attempt: cancels that attempt. */
  retry: (() => void) | undefined;

  restoring = false;

  /** How many operators' verbs are trying to write it. */
  operators = 0;

  constructor(key: string, decode: Decode<R>) {
    this.key = key;
    this.decode = decode;
  }

  /** Since the cache had so many adoptions, nothing newer came, and no write is under way: an answer from then counts. */
  unchangedSince(adoptions: number): boolean {
    return this.write === undefined && this.adopted <= adoptions;
  }
}
