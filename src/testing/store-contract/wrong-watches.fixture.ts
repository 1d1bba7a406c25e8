import { emptyBacking, mapStore, right } from "./map-store.fixture.js";
import { ended, sleep, verbs, type Wrong, ways } from "./wrong.fixture.js";

/** Stores that push wrong changes. */
export const wrongWatches: readonly Wrong[] = [
  [
    "tells only its own watchers",
    () => {
      const backing = emptyBacking();
      return () => mapStore({ ...backing, watchers: new Set() });
    },
    "watch: a change by another handle arrives, with its key and value",
  ],
  verbs(
    "tells only others",
    ({ set, watch }) => {
      let mine: string | undefined;
      return {
        set(...args) {
          mine = args[0];
          set(...args);
          mine = undefined;
        },
        watch: (prefix, on) =>
          watch(prefix, { gap: () => on.gap(), change: (entry) => entry.key === mine || on.change(entry) }),
      };
    },
    "watch: a change by the same handle arrives",
  ),
  verbs(
    "watches from a little later on",
    ({ watch }) => ({
      watch(prefix, on) {
        void sleep(20).then(() => watch(prefix, on));
        return ended(() => {});
      },
    }),
    "watch: is live once it resolves",
  ),
  verbs(
    "tells everything",
    ({ watch }) => ({ watch: (_, on) => watch("", on) }),
    "watch: only changes under the prefix arrive",
  ),
  verbs(
    "has one prefix for all watchers",
    ({ watch }) => {
      let first: string | undefined;
      return {
        watch(prefix, on) {
          first ??= prefix;
          return watch(first, on);
        },
      };
    },
    "watch: two watchers of one handle get what is under their own prefixes",
  ),
  verbs(
    "goes on after it was disposed of",
    ({ watch }) => ({
      watch(...args) {
        watch(...args);
        return ended(() => {});
      },
    }),
    "watch: nothing arrives after it was disposed of, and the others stay",
  ),
  verbs(
    "ends all watchers with one",
    ({ watch }, { watchers }) => ({
      watch(...args) {
        watch(...args);
        return ended(() => watchers.clear());
      },
    }),
    "watch: nothing arrives after it was disposed of, and the others stay",
    "watch: disposing of it twice does no harm",
  ),
  verbs(
    "counts each end of a watcher",
    ({ watch }, { watchers }) => {
      let count = 0;
      return {
        watch(...args) {
          watch(...args);
          count += 1;
          return ended(() => {
            count -= 1;
            if (count === 0) watchers.clear();
          });
        },
      };
    },
    "watch: disposing of it twice does no harm",
  ),
  verbs(
    "watches once",
    ({ watch }) => {
      let over = false;
      return {
        watch(prefix, on) {
          const handle = watch(prefix, {
            gap: () => on.gap(),
            change: (entry) => over || on.change(entry),
          });
          return ended(() => {
            over = true;
            void handle[Symbol.asyncDispose]();
          });
        },
      };
    },
    "watch: can start again after it was disposed of",
  ),
  ways(
    "lets a watcher throw into a write",
    { push: (entry, on) => on.change(entry) },
    "watch: a watcher that throws harms neither the store nor the others",
  ),
  verbs(
    "ends a watcher that throws",
    ({ watch }) => ({
      watch(prefix, on) {
        let over = false;
        return watch(prefix, {
          gap: () => on.gap(),
          change(entry) {
            if (over) return;
            over = true;
            on.change(entry);
            over = false;
          },
        });
      },
    }),
    "watch: a watcher that throws harms neither the store nor the others",
  ),
  verbs(
    "drops changes that come too fast",
    ({ watch }) => ({
      watch(prefix, on) {
        let latest = Number.NEGATIVE_INFINITY;
        return watch(prefix, {
          gap: () => on.gap(),
          change(entry) {
            if (performance.now() < latest + 10_000) return;
            latest = performance.now();
            on.change(entry);
          },
        });
      },
    }),
    "watch: of many quick changes of one key, the last arrives",
    "watch: of changes of many keys at once, each arrives",
  ),
  ways(
    "can't push what is big",
    { push: (entry, on) => entry.value.length > 8_000 || right.push(entry, on) },
    "watch: of a value too big to push, the change or a gap arrives",
  ),
  verbs(
    "tells of no swap",
    ({ swap }, { watchers }) => ({
      swap(...args) {
        const kept = [...watchers];
        watchers.clear();
        const result = swap(...args);
        for (const watcher of kept) watchers.add(watcher);
        return result;
      },
    }),
    "watch: a swap arrives, and what a failed one would have written never does",
  ),
  verbs(
    "tells of swaps that failed",
    ({ swap }, { watchers }) => ({
      swap(key, expect, value, ttlMs) {
        for (const { prefix, on } of watchers) if (key.startsWith(prefix)) on.change({ key, value });
        return swap(key, expect, value, ttlMs);
      },
    }),
    "watch: a swap arrives, and what a failed one would have written never does",
  ),
];
