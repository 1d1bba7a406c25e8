import type { Decode } from "../protocol/codec.js";
import type { CachedRecord, VersionedRecord } from "../protocol/record.js";

/** Who uses an entry: a breaker of this process. */
export interface Subscriber {
  /** The longest that this circuit stays open by itself, in ms: no deadline in the store is believed beyond it. */
  readonly longest: number;
  /** It has decided something that the store has not granted yet. */
  readonly pending: boolean;
  /** What the fleet knows of it changed, by another's doing. */
  changed(): void;
  /** The store can be asked: propose what is pending. */
  flush(): void;
}

/** The write under way; there is one at a time for each entry. */
export interface Write {
  readonly nonce: string;
  /** The store has it: its answer said so, or the record came back by push. */
  granted(raw: string): void;
}

/**
 * This process's copy of one record, and what it knows of the store's. The cache writes the first group of fields,
 * the writer the second, `restore` the last; everybody else reads.
 */
export class Entry<R extends VersionedRecord> {
  readonly key: string;
  readonly decode: Decode<R>;

  subscriber: Subscriber | undefined;
  /** The newest record seen: it only ever moves up. */
  cached: CachedRecord<R> | null = null;
  /** The highest revision seen. */
  seen = 0;
  /** The bytes the store holds, as last heard; `null`: nothing; `undefined`: never heard. */
  stored: string | null | undefined;
  /** Until when those are in force, on the local monotonic clock, where they are another record than the newest seen. */
  storedDeadline = 0;
  /** When the record was adopted, on the cache's own count of adoptions. */
  adopted = 0;

  write: Write | undefined;
  /** Writes that failed in a row. */
  failures = 0;
  /** Writes given up in a row: nothing was heard of the store since. */
  timeouts = 0;
  /** While a write that failed waits to be tried again: what calls that off. */
  retry: (() => void) | undefined;

  restoring = false;

  constructor(key: string, decode: Decode<R>) {
    this.key = key;
    this.decode = decode;
  }
}
