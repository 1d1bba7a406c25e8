/// <reference lib="esnext.disposable" preserve="true" />
/** A value, or a promise of it. A store that answers without promises lets a sync call probe at once. */
export type Awaitable<T> = T | PromiseLike<T>;

/** One live record, as a store returns it. */
export interface StoreEntry {
  /** As it was given to `set`, without the prefix that the store itself adds. */
  readonly key: string;
  /** What was stored under it. */
  readonly value: string;
  /** The store's own clock at the moment of its answer, in ms since the epoch, if it has one. */
  readonly now?: number;
}

/** The result of a compare-and-swap. */
export interface SwapResult {
  /** It was written. */
  readonly ok: boolean;
  /** The value that is stored now; `null` if there is none. */
  readonly value: string | null;
  /** The store's own clock, in ms since the epoch, if it has one. */
  readonly now?: number;
}

/** The result of a list, with what an iterable of entries has no room for. */
export interface StoreListing {
  /** The live records. */
  readonly entries: Iterable<StoreEntry>;
  /** The store's own clock, in ms since the epoch, if it has one: known even if nothing is stored. */
  readonly now?: number;
  /** Passed to the next `list` of the same prefix, it asks for what changed since this one. */
  readonly cursor?: string;
  /** A cursor was given, but these are all live records: what is missing is not stored. */
  readonly complete?: boolean;
}

/** With this a store tells its watcher that something happened. */
export interface StoreWatcher {
  /** A record was written, by this process or another. */
  change(entry: StoreEntry): void;
  /** A change may have been missed: everything is read again. */
  gap(): void;
  /** Nothing is pushed for now, for this reason: until the next `gap()` the store is polled instead. */
  lost?(error: unknown): void;
}

/**
 * Where records live: a driver for a real system.
 *
 * Three methods that any cache has are required. Each of the other three is optional, and its presence says that the
 * store can do it. Keys and values are opaque strings: a driver parses nothing and decides nothing. It may throw or
 * reject, since none of its errors reaches a guarded call. `storeContract` from `failfast/testing` is the test suite
 * that a driver passes.
 */
export interface Store {
  /** The value that is stored under the key and has not expired; `null` or `undefined` if there is none. */
  get(key: string): Awaitable<string | null | undefined>;
  /** Stores the value for `ttlMs` milliseconds. */
  set(key: string, value: string, ttlMs: number): Awaitable<unknown>;
  /** Removes what is stored under the key, if anything is. */
  delete(key: string): Awaitable<unknown>;
  /**
   * Atomic: writes only if the stored value is exactly `expect` (`null`: none), and returns the value stored now, with
   * the store's clock if it has one.
   */
  swap?(key: string, expect: string | null, value: string, ttlMs: number): Awaitable<SwapResult>;
  /**
   * Every live record whose key starts with the prefix, each key once.
   *
   * A store that can list changes also returns a `cursor`, a text that only the store reads. If that is passed as
   * `since`, the store returns each record written after the cursor was made, with its newest value, and the next
   * cursor. It may return some that did not change, but must never leave out one that did, whichever process wrote it
   * and however long the write took. Deleted and expired records are left out. If the store can't list changes, because
   * the cursor is too old, unknown or another store's, it returns every live record and `complete: true`.
   */
  list?(prefix: string, since?: string): Awaitable<Iterable<StoreEntry> | StoreListing>;
  /**
   * Push. Resolves only when it is live; the returned handle ends it. Push that brings nothing, although it is live, is
   * noticed only if the store has `list`.
   */
  watch?(prefix: string, on: StoreWatcher): Awaitable<AsyncDisposable>;
  /**
   * A store of the same kind in the same place, under another prefix: its records are not in a `list` of this store,
   * and writing to it wakes no watcher of this one. Reports of processes are kept there, if it can list, and what
   * operators did. A store without it keeps neither.
   */
  sibling?(name: string): Store;
}

/**
 * Other programs than this library open circuits in this store, for times of their own. It is polled every second, even
 * if it has `watch`.
 */
export interface ForeignStore extends Store {
  /** A deadline is limited to 24 hours, and not to the longest time that the circuit would set itself. */
  readonly foreign: true;
}
