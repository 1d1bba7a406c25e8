import type { Store, StoreEntry, StoreWatcher, SwapResult } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import type { CircuitRecord, HoldRecord, VersionedRecord } from "../protocol/record.js";
import { closed, holdWritten, leased, opened, type Stamp } from "../protocol/transition.js";
import type { Clock } from "../runtime/clock.js";
import { type ManualClock, manualClock } from "../testing/manual-clock.js";
import type { Entry } from "./entry.js";
import type { Arrival } from "./local-deadline.js";
import { arrivalOf } from "./reconcile.js";
import { Replica } from "./replica.js";

/** Three clocks that nothing mistakes for one another: the monotonic one, the wall's, and the store's, this much ahead. */
export const NOW = 500;
export const WALL = 1_000_000;
export const AHEAD = 7_000;

/** Between two reads of the store, where chance draws a half: with push, and without. */
export const PUSHED_POLL = 15_000;
export const POLL = 1_000;
/** Until a question that failed is asked again, or a gap is read over, drawn likewise. */
export const RETRY = 800;
export const GAP = 50;
/** Our own deadline for an answer. */
export const GIVEN_UP = 5_000;

/** A store by hand: it answers at once out of a map, says what it was asked, and any verb of it may be replaced. */
export interface HandStore extends Store {
  readonly held: Map<string, string>;
  /** Each question and its arguments. */
  readonly asked: unknown[][];
  /** How many of them were of that verb. */
  count(verb: string): number;
  /** Whether answers carry the store's clock. */
  tells: boolean;
  /** How far its clock is ahead of the wall's, in ms. */
  ahead: number;
  foreign?: true;
  watcher: StoreWatcher | undefined;
  /** Watches that were ended. */
  ended: number;
}

export function handStore(clock: Pick<Clock, "wall">): HandStore {
  const held = new Map<string, string>();
  const asked: unknown[][] = [];
  const time = (): { now?: number } => (store.tells ? { now: clock.wall() + store.ahead } : {});
  const store: HandStore = {
    held,
    asked,
    count: (verb) => asked.filter(([first]) => first === verb).length,
    tells: true,
    ahead: AHEAD,
    watcher: undefined,
    ended: 0,
    get(key) {
      asked.push(["get", key]);
      return held.get(key) ?? null;
    },
    set(key, value, ttlMs) {
      asked.push(["set", key, value, ttlMs]);
      held.set(key, value);
    },
    delete: (key) => void held.delete(key),
    swap(key, expect, value, ttlMs): SwapResult {
      asked.push(["swap", key, expect, value, ttlMs]);
      const stored = held.get(key) ?? null;
      if (stored !== expect) return { ok: false, value: stored, ...time() };
      held.set(key, value);
      return { ok: true, value, ...time() };
    },
    list(prefix): StoreEntry[] {
      asked.push(["list", prefix]);
      return [...held].map(([key, value]) => ({ key, value, ...time() }));
    },
    watch(prefix, on) {
      asked.push(["watch", prefix]);
      store.watcher = on;
      return {
        async [Symbol.asyncDispose]() {
          store.ended++;
        },
      };
    },
  };
  return store;
}

/** A breaker, as far as the replica sees one. */
export interface Listener {
  longest: number;
  pending: boolean;
  /** How often it was told that something changed, and asked to propose what is pending. */
  changes: number;
  flushes: number;
  changed(): void;
  flush(): void;
}

export function listener(given: { longest?: number; pending?: boolean } = {}): Listener {
  const made: Listener = {
    longest: given.longest ?? 60_000,
    pending: given.pending ?? false,
    changes: 0,
    flushes: 0,
    changed: () => void made.changes++,
    flush: () => void made.flushes++,
  };
  return made;
}

export interface Bench {
  readonly time: ManualClock;
  readonly store: HandStore;
  readonly replica: Replica;
  /** Draws what it is set to: 0.5, unless a test sets it. */
  readonly chance: { next: number };
  /** What was reported of the store's health: errors, and `"up"`. */
  readonly health: unknown[];
}

export function bench(without: readonly ("swap" | "list" | "watch")[] = []): Bench {
  const time = manualClock({ now: NOW, wall: WALL });
  const chance = { next: 0.5 };
  const clock: Clock = { now: time.now, wall: time.wall, after: time.after, random: () => chance.next };
  const store = handStore(time);
  for (const verb of without) delete store[verb];
  const health: unknown[] = [];
  const replica = new Replica(store, clock, "me", {
    down: (error) => void health.push(error),
    up: () => void health.push("up"),
    limited: (error) => void health.push(["limited", error]),
  });
  return { time, store, replica, chance, health };
}

/** A bench with a breaker for `x`. */
export function watched(given: { longest?: number } = {}): Bench & { readonly breaker: Listener } {
  const set = bench();
  const breaker = listener(given);
  set.replica.subscribe("x", breaker);
  return { ...set, breaker };
}

/** What another process wrote at a revision, by the store's clock just now. */
const by = (revision: number, nonce = `n${revision}`): Stamp => ({
  revision,
  nonce,
  now: WALL + AHEAD,
  by: "other",
});
export const isOpen = (revision: number, duration = 1_000, nonce?: string): CircuitRecord =>
  opened(by(revision, nonce), { duration, reason: "theirs" });
export const isClosed = (revision: number): CircuitRecord => closed(by(revision), "theirs");
export const isLeased = (revision: number, duration = 1_000): CircuitRecord =>
  leased(by(revision), null, { owner: "theirs", duration, lapsed: 0 });
export const isHeld = (revision: number, state: HoldRecord["state"], duration = 0): HoldRecord =>
  holdWritten(by(revision), state, { duration, reason: "theirs" });

export const FRESH: Arrival = { now: undefined, fresh: true };

/** A record comes in as one that the store holds now, and was written since the last look. */
export function arrive<R extends VersionedRecord>(replica: Replica, entry: Entry<R>, record: R): void {
  replica.receive(entry, encode(record), FRESH, true);
}

/** An entry comes in by push, or as one of a list. */
export const deliver = (replica: Replica, entry: StoreEntry, fresh = true, current = false): void =>
  replica.cache.deliver(entry, arrivalOf(replica.storeClock, entry.now, fresh), current);

/** A record comes in by push: just written, and perhaps not what the store holds now. */
export const push = (replica: Replica, key: string, record: CircuitRecord | HoldRecord): void =>
  replica.cache.deliver({ key, value: encode(record) }, FRESH, false);

/** A promise that a test settles. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((succeed, fail) => {
    resolve = succeed;
    reject = fail;
  });
  return { promise, resolve: (value) => resolve(value), reject: (error) => reject(error) };
}
