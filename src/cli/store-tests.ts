import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Store, StoreEntry } from "../options/store.js";
import { listing, read, swap } from "../sync/store-operations.js";
import type { Result } from "./finding.js";
import { ANSWERS_WITHIN, within } from "./within.js";

const ROUNDS = 20;
/** A round trip, a push or a clock worse than this is reported, in ms. */
const SLOW_MS = 100;
const PUSH_MS = 500;
const CLOCK_MS = 1_000;
const WRITERS = 8;
const SHORT_MS = 1_000;
/** Stores that count whole seconds are up to two seconds late. */
const GONE_WITHIN = 4_000;
const KEPT_MS = 60_000;

const ms = (value: number): string => `${value.toFixed(1)} ms`;
const middle = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

export async function reads(store: Store, key: string): Promise<Result> {
  const found = await within(() => read(store, key));
  if (found !== null) throw new Error("it returned a value for a key that does not exist");
  return { verdict: "ok", seen: "it answers" };
}

export async function writes(store: Store, key: string): Promise<Result> {
  const value = `{"é":"${randomUUID()}"}`;
  await within(() => store.set(key, value, KEPT_MS));
  const found = await within(() => read(store, key));
  if (found !== value)
    throw new Error(`right after a write it returned ${found === null ? "nothing" : "another value"}`);
  await within(() => store.delete(key));
  if ((await within(() => read(store, key))) !== null) throw new Error("a deleted value is still there");
  return { verdict: "ok", seen: "a value can be written, read and deleted" };
}

export async function roundTrip(store: Store, key: string): Promise<Result> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    await within(() => read(store, key));
    times.push(performance.now() - began);
  }
  const median = middle(times);
  const seen = `median ${ms(median)}, longest ${ms(Math.max(...times))} of ${ROUNDS}`;
  if (median < SLOW_MS) return { verdict: "ok", seen };
  return {
    verdict: "warning",
    seen,
    mend: "calls don't wait for it, but a trip takes that long to reach the other processes: move the store nearer to them",
  };
}

export async function expiry(store: Store, key: string): Promise<Result> {
  const began = performance.now();
  await within(() => store.set(key, "short", SHORT_MS));
  if ((await within(() => read(store, key))) !== "short" && performance.now() - began < SHORT_MS)
    return {
      verdict: "failed",
      seen: "a value that should live for a second was gone at once",
      mend: "check the server's clock, and its eviction: it must not remove records before they expire (maxmemory-policy noeviction or volatile-ttl)",
    };
  while (performance.now() - began < SHORT_MS + GONE_WITHIN) {
    await pause(100);
    if ((await within(() => read(store, key))) === null)
      return {
        verdict: "ok",
        seen: `a value that should live for 1000 ms was gone after ${ms(performance.now() - began)}`,
      };
  }
  return {
    verdict: "warning",
    seen: `a value that should live for a second is still there after ${ms(performance.now() - began)}`,
    mend: "circuits are not affected, because a record contains its own deadline. But old records stay in the store: its page in docs/stores says how to remove them",
  };
}

export async function swaps(store: Store, key: string): Promise<Result> {
  if (store.swap === undefined)
    return {
      verdict: "warning",
      seen: "this kind of store has none",
      mend: "two processes may probe at the same time, quorum is refused, and an operator's command may be lost. If that matters, use a store with swap, such as Redis or PostgreSQL",
    };
  const results = await within(() =>
    Promise.all(Array.from({ length: WRITERS }, (_, at) => swap(store, key, null, `writer ${at}`, KEPT_MS))),
  );
  const won = results.filter(({ ok }) => ok).length;
  if (won === 1) return { verdict: "ok", seen: `one of ${WRITERS} concurrent writers succeeded` };
  return {
    verdict: "failed",
    seen: `${won} of ${WRITERS} concurrent writers succeeded, and it should be one`,
    mend: "there may be several primaries, or a proxy that distributes the keys: the store needs one primary",
  };
}

export async function lists(store: Store, prefix: string, key: string): Promise<Result> {
  if (store.list === undefined)
    return {
      verdict: "warning",
      seen: "this kind of store has none",
      mend: "each process reads its own circuits one by one, and failfast status can't list circuits",
    };
  await within(() => store.set(key, "listed", KEPT_MS));
  const all = listing(await within(() => store.list?.("")));
  const entries = [...all.entries];
  if (!entries.some((entry: StoreEntry) => entry.key === key))
    return {
      verdict: "failed",
      seen: "a written value is not in the list",
      mend: "reads may go to a replica that is behind: the store needs the primary",
    };
  const own = entries.filter((entry) => entry.key.startsWith(prefix)).length;
  const others = entries.length - own;
  return { verdict: "ok", seen: `${others} ${others === 1 ? "record" : "records"}` };
}

export async function pushes(store: Store, prefix: string, key: string): Promise<Result> {
  const { watch } = store;
  if (watch === undefined)
    return {
      verdict: "ok",
      seen: "this kind of store has no push: processes find changes by polling, within about 1.2 s",
    };
  const seen = new Map<string, number>();
  let onChange: () => void = () => undefined;
  const handle = await within(() =>
    watch.call(store, prefix, {
      change: ({ value }) => {
        seen.set(value, performance.now());
        onChange();
      },
      gap: () => undefined,
    }),
  );
  try {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS / 4; round += 1) {
      const value = `${round} ${randomUUID()}`;
      const began = performance.now();
      const arrives = new Promise<void>((resolve) => {
        onChange = () => seen.has(value) && resolve();
      });
      await within(() => store.set(key, value, KEPT_MS));
      onChange();
      await within(() => arrives);
      times.push((seen.get(value) ?? 0) - began);
    }
    const median = middle(times);
    const text = `median ${ms(median)}, longest ${ms(Math.max(...times))} from the write to the watcher`;
    if (median < PUSH_MS) return { verdict: "ok", seen: text };
    return {
      verdict: "warning",
      seen: text,
      mend: "a trip reaches other processes that late: look at the server's load",
    };
  } catch {
    return {
      verdict: "failed",
      seen: `a change was not pushed within ${ANSWERS_WITHIN} ms`,
      mend: "a pooler or proxy may drop pushes, or the user has no right to subscribe. Until that is fixed, processes find changes by polling, every 15 s",
    };
  } finally {
    await within(() => handle[Symbol.asyncDispose]()).catch(() => undefined);
  }
}

export async function clocks(store: Store, key: string): Promise<Result> {
  const sent = Date.now();
  const { now } = await within(() => swap(store, key, null, "clock", KEPT_MS));
  const took = Date.now() - sent;
  if (now === undefined)
    return {
      verdict: "ok",
      seen: "the store has no clock: each process uses its own clock, and deadlines are exchanged as durations if a change is seen at once",
    };
  const offset = Math.round(now - (sent + took / 2));
  const seen = `the store's clock is ${Math.abs(offset)} ms ${offset < 0 ? "behind" : "ahead of"} this machine's clock`;
  if (Math.abs(offset) < CLOCK_MS) return { verdict: "ok", seen };
  return {
    verdict: "warning",
    seen,
    mend: "nothing breaks, because deadlines use the store's clock. But times in logs will not agree: run NTP on both machines",
  };
}

export async function sibling(store: Store, key: string): Promise<Result> {
  const place = store.sibling?.("fleet");
  if (place === undefined)
    return {
      verdict: "warning",
      seen: "this kind of store keeps neither",
      mend: "failfast status can't show processes and circuits that never opened, and there is no audit trail",
    };
  await within(() => place.set(key, "sibling", KEPT_MS));
  const found = await within(() => read(place, key));
  await within(() => place.delete(key));
  if (found !== "sibling") throw new Error("a written value is not there");
  if (place.list === undefined)
    return {
      verdict: "warning",
      seen: "this kind of store keeps the audit trail, but no reports",
      mend: "failfast status can't show processes and circuits that never opened. If that matters, use Redis, PostgreSQL, MySQL, SQLite or the file store",
    };
  return { verdict: "ok", seen: "processes can report, and there is an audit trail" };
}
