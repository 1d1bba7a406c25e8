import type { Store } from "../../options/store.js";
import { type AtOnce, type Backing, emptyBacking, mapStore, type Ways } from "./map-store.fixture.js";

type Verbs = Partial<Required<Store>>;
export type Wrong = [what: string, makeHandle: () => () => Store, ...cases: string[]];

/** A store that is wrong in one part. */
export function ways(what: string, wrong: Partial<Ways>, ...cases: string[]): Wrong {
  return [
    what,
    () => {
      const backing = emptyBacking();
      return () => mapStore(backing, wrong);
    },
    ...cases,
  ];
}

/** A right store with some wrong verbs. */
export function verbs(
  what: string,
  wrong: (store: AtOnce, backing: Backing) => Verbs,
  ...cases: string[]
): Wrong {
  return [
    what,
    () => {
      const backing = emptyBacking();
      return () => {
        const store = mapStore(backing);
        return { ...store, ...wrong(store, backing) };
      };
    },
    ...cases,
  ];
}

/** A store with a wrong swap. */
export function swapsIf(
  what: string,
  matches: (stored: string | null, expect: string | null) => boolean,
  ...cases: string[]
): Wrong {
  return verbs(
    what,
    (store) => ({
      swap(key, expect, value, ttlMs) {
        const stored = store.get(key) ?? null;
        const ok = matches(stored, expect);
        if (ok) store.set(key, value, ttlMs);
        return { ok, value: ok ? value : stored };
      },
    }),
    ...cases,
  );
}

export const pattern = (text: string): RegExp =>
  new RegExp(`^${text.replaceAll("_", ".").replaceAll("%", ".*")}`);
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const ended = (end: () => void): AsyncDisposable => ({ [Symbol.asyncDispose]: async () => end() });

export function tidyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

export function alternately<T>(one: () => T, other: () => T): () => T {
  let times = 0;
  return () => {
    times += 1;
    return times % 2 ? one() : other();
  };
}
