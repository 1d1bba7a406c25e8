import type { Store, StoreEntry, StoreWatcher } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import { ExpiryHeap } from "./expiry-heap.js";
import { checkOptions } from "./shared/options.js";

/** A memory store holds at most this many entries. */
const CAPACITY = 20_000;
/** At least this many of the latest writes are remembered, for lists of changes. */
const WRITES_KEPT = 1_000;

export interface MemoryStoreOptions {
  /** The clock by which records expire. @default the wall clock of the runtime */
  readonly clock?: Pick<Clock, "wall">;
}

interface Held {
  readonly key: string;
  readonly value: string;
  /** In ms since the epoch. */
  readonly expires: number;
}

/**
 * A store in this process's memory, with all six methods. It is used if no other store is given.
 *
 * It answers at once, without a promise. Expired values are absent; there are no timers. Every watcher gets each
 * change before the write returns, but no deletion, because absence is no news. It holds 20 000 entries. When it
 * is full, the entry that would expire first makes room.
 *
 * @example
 * const store = memoryStore();
 * const salesApi = failfast("sales_api", 60, { store });
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  checkOptions("memoryStore", options, ["clock"]);
  const wall = options.clock ? options.clock.wall.bind(options.clock) : () => Date.now();
  const entries = new Map<string, Held>();
  const written = new Writes();
  /** Made when it is full for the first time. It skips entries that were replaced or deleted meanwhile. */
  let byExpiry: ExpiryHeap<Held> | undefined;
  const watchers = new Set<{ readonly prefix: string; readonly on: StoreWatcher }>();

  function read(key: string, now: number): string | null {
    const held = entries.get(key);
    if (held === undefined) return null;
    if (held.expires > now) return held.value;
    entries.delete(key);
    return null;
  }

  function write(key: string, value: string, ttlMs: number, now: number): void {
    if (!entries.has(key) && entries.size >= CAPACITY) makeRoom();
    const held = { key, value, expires: now + ttlMs };
    entries.set(key, held);
    byExpiry?.push(held);
    written.note(key);
    for (const watcher of [...watchers]) {
      // One watcher may have ended another.
      if (watchers.has(watcher) && key.startsWith(watcher.prefix)) tell(watcher.on, { key, value, now });
    }
  }

  /** Entries that have already expired come first. */
  function makeRoom(): void {
    if (byExpiry === undefined || byExpiry.size > 2 * CAPACITY) {
      byExpiry = new ExpiryHeap();
      for (const held of entries.values()) byExpiry.push(held);
    }
    for (let first = byExpiry.pop(); first !== undefined; first = byExpiry.pop()) {
      if (entries.get(first.key) === first) {
        entries.delete(first.key);
        return;
      }
    }
  }

  return {
    get: (key) => read(key, wall()),
    set: (key, value, ttlMs) => write(key, value, ttlMs, wall()),
    delete: (key) => void entries.delete(key),
    swap(key, expect, value, ttlMs) {
      const now = wall();
      const stored = read(key, now);
      if (stored !== expect) return { ok: false, value: stored, now };
      write(key, value, ttlMs, now);
      return { ok: true, value, now };
    },
    list(prefix, since) {
      const now = wall();
      const changed = since === undefined ? undefined : written.since(since);
      const found: StoreEntry[] = [];
      for (const key of changed ?? entries.keys()) {
        if (!key.startsWith(prefix)) continue;
        const value = read(key, now);
        if (value !== null) found.push({ key, value, now });
      }
      const complete = since !== undefined && changed === undefined;
      return { entries: found, now, cursor: written.cursor, ...(complete ? { complete } : {}) };
    },
    watch(prefix, on) {
      const watcher = { prefix, on };
      watchers.add(watcher);
      return {
        async [Symbol.asyncDispose]() {
          watchers.delete(watcher);
        },
      };
    },
  };
}

function tell(on: StoreWatcher, entry: StoreEntry): void {
  try {
    on.change(entry);
  } catch {
    // A watcher that throws harms neither the writer nor the other watchers.
  }
}

/** The keys of the latest writes, in order. A cursor is the number of writes, and the store. */
class Writes {
  readonly #store = `${Math.random().toString(36).slice(2)}:`;
  #keys: string[] = [];
  #forgotten = 0;

  get cursor(): string {
    return this.#store + (this.#forgotten + this.#keys.length);
  }

  note(key: string): void {
    this.#keys.push(key);
    if (this.#keys.length < 2 * WRITES_KEPT) return;
    this.#keys = this.#keys.slice(WRITES_KEPT);
    this.#forgotten += WRITES_KEPT;
  }

  /** The keys written after the cursor; `undefined` if it is another store's cursor, or too old. */
  since(cursor: string): ReadonlySet<string> | undefined {
    const from = Number(cursor.slice(this.#store.length)) - this.#forgotten;
    const known = from >= 0 && from <= this.#keys.length && cursor === this.#store + (from + this.#forgotten);
    return known ? new Set(this.#keys.slice(from)) : undefined;
  }
}
