import type { Store } from "../../options/store.js";
import { type Backing, emptyBacking, mapStore } from "./map-store.fixture.js";
import { verbs, type Wrong } from "./wrong.fixture.js";

const siblings = new WeakMap<Backing, Backing>();

/** The sibling that every handle of a store has. */
export function siblingOf(backing: Backing): Store {
  const known = siblings.get(backing) ?? emptyBacking();
  siblings.set(backing, known);
  return mapStore(known);
}

/** Stores that don't keep prefixes or handles apart. */
export const wrongSiblings: readonly Wrong[] = [
  verbs(
    "is its own sibling",
    (store) => ({ sibling: () => store }),
    "sibling: has records of its own, which every handle's sibling has",
    "sibling: its records are in no list of the store",
    "sibling: wakes no watcher of the store",
  ),
  verbs(
    "makes another sibling each time",
    () => ({ sibling: () => mapStore(emptyBacking()) }),
    "sibling: has records of its own, which every handle's sibling has",
  ),
  verbs(
    "has a sibling that tells its watchers",
    (store, backing) => ({
      sibling: () => ({
        ...siblingOf(backing),
        set: (key, value, ttlMs) => {
          store.set(key, value, ttlMs);
          store.delete(key);
        },
      }),
    }),
    "sibling: wakes no watcher of the store",
  ),
];
