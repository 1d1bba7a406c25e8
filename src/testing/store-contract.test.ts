import { describe, expect, test } from "vitest";
import type { Store, StoreEntry, StoreWatcher } from "../stores/store.js";
import { StoreContractError, type StoreContractOptions, type StoreHandle, storeContract } from "./index.js";

interface Held {
  value: string;
  until: number;
}

/** What the handles of one store share. */
interface Backing {
  held: Map<string, Held>;
  watchers: Set<{ prefix: string; on: StoreWatcher }>;
}

/** Everything in a store that can be done wrong by itself. */
interface Ways {
  name(key: string): string;
  keep(value: string): string;
  until(ttlMs: number, before: Held | undefined): number;
  live(held: Held): boolean;
  equal(stored: string, expect: string): boolean;
  under(key: string, prefix: string): boolean;
  push(entry: StoreEntry, on: StoreWatcher): void;
  now(): number | undefined;
}

const right: Ways = {
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

const emptyBacking = (): Backing => ({ held: new Map(), watchers: new Set() });

/** A store in a map: right, as far as its ways are. */
function mapStore({ held, watchers }: Backing, ways: Partial<Ways> = {}): Required<Store> {
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
    held.set(name(key), { value: keep(value), until: until(ttlMs, read(key)) });
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

const laterTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The same store, as if behind a network: every answer takes a while, and pushes come late. */
function remoteStore(backing: Backing): Required<Store> {
  const store = mapStore(backing, {
    push: (entry, on) => void laterTurn().then(() => right.push(entry, on)),
  });
  return {
    get: (key) => laterTurn().then(() => store.get(key)),
    set: (...args) => laterTurn().then(() => store.set(...args)),
    delete: (key) => laterTurn().then(() => store.delete(key)),
    swap: (...args) => laterTurn().then(() => store.swap(...args)),
    list: (prefix) => laterTurn().then(() => store.list(prefix)),
    watch: (...args) => laterTurn().then(() => store.watch(...args)),
  };
}

function without(store: Required<Store>, ...verbs: ("swap" | "list" | "watch")[]): Store {
  return Object.fromEntries(
    Object.entries(store).filter(([verb]) => !verbs.some((each) => each === verb)),
  ) as Store & Record<string, unknown>;
}

const shared = emptyBacking();

describe.concurrent.each<[string, () => StoreHandle, StoreContractOptions]>([
  ["in this process", () => mapStore(shared), {}],
  ["behind a network", () => remoteStore(shared), {}],
  ["with a clock of its own that is off", () => mapStore(shared, { now: () => Date.now() - 3_600_000 }), {}],
  ["without a clock", () => mapStore(shared, { now: () => undefined }), {}],
  ["without push", () => without(mapStore(shared), "watch"), { verbs: ["swap", "list"] }],
  ["with the required verbs alone", () => without(mapStore(shared), "swap", "list", "watch"), { verbs: [] }],
  [
    "whose times to live are rounded up to 500 ms",
    () => mapStore(shared, { until: (ttlMs) => (Math.ceil((performance.now() + ttlMs) / 500) + 1) * 500 }),
    { ttlResolutionMs: 500 },
  ],
])("a right store %s passes", (_, makeStore, options) => {
  for (const { name, run } of storeContract(makeStore, options)) test(name, run, 30_000);
});
