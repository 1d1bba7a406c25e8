import type { Store, StoreEntry, StoreWatcher, SwapResult } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import type { CircuitRecord, HoldRecord, VersionedRecord } from "../protocol/record.js";
import { closed, holdWritten, leased, opened, type Stamp } from "../protocol/transition.js";
import type { Clock } from "../runtime/clock.js";
import { type ManualClock, manualClock } from "../testing/manual-clock.js";
import type { Entry } from "./entry.js";
import { type Arrival, arrivalOf } from "./local-deadline.js";
import { Replica } from "./replica.js";

/**
 * Three clocks with very different times: the monotonic clock, the wall clock, and the store's clock, this far ahead.
 */
export const NOW = 500;
export const WALL = 1_000_000;
export const AHEAD = 7_000;

/** The time between two polls with a random number of a half: with push, and without. */
export const PUSHED_POLL = 15_000;
export const POLL = 1_000;
/** The time until a failed request is repeated, or a gap is read over, with the same random number. */
export const RETRY = 800;
export const GAP = 50;
/** The deadline for an answer of the store. */
export const GIVEN_UP = 5_000;

/** A hand-made store: answers synchronously out of a map and records its requests. A test may replace any verb. */
export interface HandStore extends Store {
  readonly held: Map<string, string>;
  /** Each request with its arguments. */
  readonly asked: unknown[][];
  /** How many requests used that verb. */
  count(verb: string): number;
  /** Whether answers have the store's clock. */
  tells: boolean;
  /** How far the store's clock is ahead of the wall clock, in ms. */
  ahead: number;
  foreign?: true;
  watcher: StoreWatcher | undefined;
  /** How many watches were ended. */
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

/** A breaker, as far as the replica uses one. */
export interface Listener {
  longest: number;
  pending: boolean;
  /** How often it was notified of a change, and how often it was asked to propose its decision. */
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
  /** The random number: 0.5, unless a test sets it. */
  readonly chance: { next: number };
  /** What was reported about the store's health: errors, and `"up"`. */
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

/** A record that another process wrote with a revision, at the current time of the store. */
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

/** A record arrives that the store has now, written since the last look. */
export function arrive<R extends VersionedRecord>(replica: Replica, entry: Entry<R>, record: R): void {
  replica.receive(entry, encode(record), FRESH, true);
}

/** An entry arrives by push, or in a list. */
export const deliver = (replica: Replica, entry: StoreEntry, fresh = true, current = false): void =>
  replica.cache.deliver(entry, arrivalOf(replica.storeClock, entry.now, fresh), current);

/** A record arrives by push: just written, and perhaps no longer what the store has. */
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
