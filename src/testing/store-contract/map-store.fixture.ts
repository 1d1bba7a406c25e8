import type { StoreEntry, StoreWatcher, SwapResult } from "../../options/store.js";

interface Held {
  value: string;
  until: number;
  /** The number of the store's write, used by cursors. */
  write?: number;
}

/** What the handles of one store share. */
export interface Backing {
  held: Map<string, Held>;
  watchers: Set<{ prefix: string; on: StoreWatcher }>;
  /** So far. */
  writes: number;
}

/** A store that answers without promises. */
export interface AtOnce {
  get(key: string): string | undefined;
  set(key: string, value: string, ttlMs: number): void;
  delete(key: string): boolean;
  swap(key: string, expect: string | null, value: string, ttlMs: number): SwapResult;
  list(prefix: string): StoreEntry[];
  watch(prefix: string, on: StoreWatcher): AsyncDisposable;
}

/** Everything in a store that can be wrong by itself. */
export interface Ways {
  name(key: string): string;
  keep(value: string): string;
  until(ttlMs: number, before: Held | undefined): number;
  live(held: Held): boolean;
  equal(stored: string, expect: string): boolean;
  under(key: string, prefix: string): boolean;
  push(entry: StoreEntry, on: StoreWatcher): void;
  now(): number | undefined;
}

export const right: Ways = {
  name: (key) => key,
  keep: (value) => value,
  until: (ttlMs) => performance.now() + ttlMs,
  live: ({ until }) => until > performance.now(),
  equal: (stored, expect) => stored === expect,
  under: (key, prefix) => key.startsWith(prefix),
  push(entry, on) {
    try {
      on.change(entry);
    } catch {}
  },
  now: () => performance.timeOrigin + performance.now(),
};

export const emptyBacking = (): Backing => ({ held: new Map(), watchers: new Set(), writes: 0 });

/** A store in a map, which is right unless a part is replaced. */
export function mapStore(backing: Backing, ways: Partial<Ways> = {}): AtOnce {
  const { held, watchers } = backing;
  const { name, keep, until, live, equal, under, push, now } = { ...right, ...ways };
  const withNow = <Answer extends object>(answer: Answer): Answer => {
    const reading = now();
    return reading === undefined ? answer : { ...answer, now: reading };
  };
  const read = (key: string): Held | undefined => {
    const found = held.get(name(key));
    return found && live(found) ? found : undefined;
  };
  const write = (key: string, value: string, ttlMs: number): void => {
    held.set(name(key), { value: keep(value), until: until(ttlMs, read(key)), write: ++backing.writes });
    for (const { prefix, on } of [...watchers]) {
      if (under(key, prefix)) push(withNow({ key, value: keep(value) }), on);
    }
  };
  return {
    get: (key) => read(key)?.value,
    set: (key, value, ttlMs) => write(key, value, ttlMs),
    delete: (key) => held.delete(name(key)),
    swap(key, expect, value, ttlMs) {
      const stored = read(key)?.value ?? null;
      const ok = stored === null || expect === null ? stored === expect : equal(stored, expect);
      if (ok) write(key, value, ttlMs);
      return withNow({ ok, value: ok ? value : stored });
    },
    list: (prefix) =>
      [...held]
        .filter(([key, each]) => under(key, prefix) && live(each))
        .map(([key, { value }]) => withNow({ key, value })),
    watch(prefix, on) {
      const watcher = { prefix, on };
      watchers.add(watcher);
      return { [Symbol.asyncDispose]: async () => void watchers.delete(watcher) };
    },
  };
}

export const laterTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
