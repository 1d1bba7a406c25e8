import type { Clock } from "../runtime/clock.js";
import { checkOptions } from "./shared/options.js";
import type { Store, StoreEntry, StoreWatcher } from "./store.js";

/** Entries a store in memory holds at most. */
const CAPACITY = 20_000;

export interface MemoryStoreOptions {
  /** Tells the time by which records expire. @default the wall clock of the runtime */
  readonly clock?: Pick<Clock, "wall">;
}

interface Held {
  readonly value: string;
  /** In ms since the epoch. */
  readonly expires: number;
}

/**
 * A store in this process's memory, with all six verbs: the one used where no other is given.
 *
 * Answers at once, without a promise. What has expired is absent; there are no timers. Of a change every
 * watcher is told before the write returns; of a delete nobody is, for absence is no news. It holds 20 000
 * entries: when it is full, the one that would expire first makes room.
 *
 * @example
 * const store = memoryStore();
 * const salesApi = failfast("sales_api", 60, { store });
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  checkOptions("memoryStore", options, ["clock"]);
  const wall = options.clock ? options.clock.wall.bind(options.clock) : () => Date.now();
  const entries = new Map<string, Held>();
  const watchers = new Set<{ readonly prefix: string; readonly on: StoreWatcher }>();

  function read(key: string, now: number): string | null {
    const held = entries.get(key);
    if (held === undefined) return null;
    if (held.expires > now) return held.value;
    entries.delete(key);
    return null;
  }

  function write(key: string, value: string, ttlMs: number, now: number): void {
    if (!entries.has(key) && entries.size >= CAPACITY) makeRoom(entries);
    entries.set(key, { value, expires: now + ttlMs });
    for (const watcher of [...watchers]) {
      // One watcher may have ended another.
      if (watchers.has(watcher) && key.startsWith(watcher.prefix)) tell(watcher.on, { key, value, now });
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
    list(prefix) {
      const now = wall();
      const found: StoreEntry[] = [];
      for (const key of entries.keys()) {
        if (!key.startsWith(prefix)) continue;
        const value = read(key, now);
        if (value !== null) found.push({ key, value, now });
      }
      return found;
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

/** What has expired already comes before everything else. */
function makeRoom(entries: Map<string, Held>): void {
  let first: string | undefined;
  let earliest = Number.POSITIVE_INFINITY;
  for (const [key, { expires }] of entries) {
    if (first === undefined || expires < earliest) {
      earliest = expires;
      first = key;
    }
  }
  if (first !== undefined) entries.delete(first);
}
