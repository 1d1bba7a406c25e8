/// <reference lib="esnext.disposable" preserve="true" />
/** A value, or a promise of it: a store that answers without promises lets a sync call probe at once. */
export type Awaitable<T> = T | PromiseLike<T>;

/** One live record as a store hands it over. */
export interface StoreEntry {
  readonly key: string;
  readonly value: string;
  /** The store's own clock at the moment it answered, in ms since the epoch, where it has one. */
  readonly now?: number;
}

/** What a compare-and-swap found. */
export interface SwapResult {
  readonly ok: boolean;
  /** What is stored now; `null` when nothing is. */
  readonly value: string | null;
  /** The store's own clock, in ms since the epoch, where it has one. */
  readonly now?: number;
}

/** What a list found, with what an iterable of entries has no room for. */
export interface StoreListing {
  readonly entries: Iterable<StoreEntry>;
  /** The store's own clock, in ms since the epoch, where it has one: known even where nothing is stored. */
  readonly now?: number;
  /** Given to the next `list` of the same prefix, asks for what changed since this one. */
  readonly cursor?: string;
  /** A cursor was given, and these are nonetheless all live records: what is missing is not stored. */
  readonly complete?: boolean;
}

/** How a store tells its watcher that something happened. */
export interface StoreWatcher {
  change(entry: StoreEntry): void;
  /** A change may have been missed: everything is read again. */
  gap(): void;
}

/**
 * Where records live: a driver for a real system.
 *
 * Three verbs any cache has are required; the presence of each of the other three is its feature flag.
 * Keys and values are opaque strings: a driver parses nothing, decides nothing, and may throw or
 * reject as it likes, for no error of it ever reaches a guarded call.
 * `storeContract` from `failfast/testing` is the suite that a driver passes.
 */
export interface Store {
  /** What is stored under the key and not expired; `null` or `undefined` when nothing is. */
  get(key: string): Awaitable<string | null | undefined>;
  /** Stores the value for `ttlMs` milliseconds. */
  set(key: string, value: string, ttlMs: number): Awaitable<unknown>;
  delete(key: string): Awaitable<unknown>;
  /**
   * Atomic: writes only if what is stored is exactly `expect` (`null`: nothing), and says what is
   * stored now, with the store's clock where it has one.
   */
  swap?(key: string, expect: string | null, value: string, ttlMs: number): Awaitable<SwapResult>;
  /**
   * Every live record whose key starts with the prefix, each key once.
   *
   * A store that can tell what changed also answers a `cursor`, a text that only the store reads. Given that as
   * `since`, it answers each record written after the cursor was made, with its newest value, and the next cursor.
   * It may answer some that did not change, but must never leave out one that did, whichever process wrote it and
   * however long the write was under way. Deleted and expired records are left out. Where the store can't tell, since
   * the cursor is too old, unknown or another store's, it answers every live record and says `complete: true`.
   */
  list?(prefix: string, since?: string): Awaitable<Iterable<StoreEntry> | StoreListing>;
  /** Push. Resolves only once it is live; the returned handle ends it. */
  watch?(prefix: string, on: StoreWatcher): Awaitable<AsyncDisposable>;
  /**
   * A store of the same kind in the same place, under a prefix of its own: none of its records is in a `list` of this
   * one, and what is written to it wakes no watcher of this one. What processes report of themselves is kept there,
   * where it can list, and what operators did. Without it neither is.
   */
  sibling?(name: string): Store;
}

/**
 * A store in which others than this library open circuits, for times of their own. It is polled every second, though
 * it may have `watch`.
 */
export interface ForeignStore extends Store {
  /** No deadline is cut to the longest that the circuit would set itself, only to 24 hours. */
  readonly foreign: true;
}
