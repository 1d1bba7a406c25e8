import type { Store } from "../../options/store.js";
import { emptyBacking, mapStore } from "./map-store.fixture.js";
import { tidyJson, verbs, type Wrong, ways } from "./wrong.fixture.js";

/** Stores that keep wrong values, under wrong keys, or for a wrong time. */
export const wrongRecords: readonly Wrong[] = [
  // get, set, delete
  verbs(
    "has no delete",
    () => ({ delete: undefined as unknown as Store["delete"] }),
    "verbs: the store has get, set, delete, swap, list, watch, and no others",
  ),
  verbs(
    "gives the empty string for nothing",
    ({ get }) => ({ get: (key) => get(key) ?? "" }),
    "get: where nothing is stored there is null or undefined",
  ),
  [
    "shares nothing between its handles",
    () => () => mapStore(emptyBacking()),
    "set: what was set is what get gives, to every handle",
  ],
  verbs(
    "keeps what is there",
    ({ get, set }) => ({ set: (...args) => get(args[0]) ?? set(...args) }),
    "set: replaces what was stored, no matter who stored it",
    "ttl: set again for a shorter time, a value is gone after that",
  ),
  verbs(
    "caches what it read",
    ({ get }) => {
      const cache = new Map<string, unknown>();
      return { get: (key) => (cache.has(key) ? cache : cache.set(key, get(key))).get(key) as string };
    },
    "delete: removes the value, for every handle",
    "ttl: a value is there until its time is up, and gone after it",
  ),
  verbs(
    "throws where no value is stored",
    ({ get, delete: remove }) => ({
      delete: (key) => (get(key) === undefined ? Promise.reject(new Error("NOT_FOUND")) : remove(key)),
    }),
    "delete: where nothing is stored it does no harm",
  ),
  verbs(
    "never forgets what it deleted",
    ({ set, delete: remove }) => {
      const deleted = new Set<string>();
      return {
        set: (...args) => deleted.has(args[0]) || set(...args),
        delete: (key) => deleted.add(key) && remove(key),
      };
    },
    "delete: the key can be set again",
  ),
  verbs(
    "deletes a prefix",
    (_, { held }) => ({
      delete: (key) =>
        [...held.keys()].filter((each) => each.startsWith(key)).map((each) => held.delete(each)),
    }),
    "delete: leaves every other key",
  ),

  // Keys
  ways(
    "replaces what it takes for special",
    { name: (key) => key.replace(/[^\w.:-]/g, "_") },
    "keys: every letter, every digit and _.-:%~ may be in one",
  ),
  ways("ignores the case of keys", { name: (key) => key.toLowerCase() }, "keys: upper and lower case differ"),
  ways(
    "decodes keys",
    { name: (key) => key.replaceAll("%41", "A") },
    "keys: percent escapes are not decoded",
  ),
  verbs(
    "makes folders of keys",
    ({ set }, { held }) => ({
      set(...args) {
        if (held.has(args[0].slice(0, args[0].lastIndexOf(":")))) throw new Error("ENOTDIR");
        set(...args);
      },
    }),
    "keys: one that is the beginning of another is a key of its own",
  ),
  ways(
    "takes keys for patterns of LIKE",
    { name: (key) => key.replace(/[_.%]/g, ".") },
    "keys: a dot, an underscore or a per cent sign stands for itself alone",
  ),
  ways("cuts keys", { name: (key) => key.slice(0, 199) }, "keys: 200 bytes, which differ in the last"),
  ways(
    "makes long file names of keys",
    {
      name(key) {
        if (encodeURIComponent(key).length > 255) throw new Error("ENAMETOOLONG");
        return key;
      },
    },
    "keys: 200 bytes, of escapes",
  ),
  [
    "keeps its records in a plain object",
    () => {
      const held: Record<string, string> = {};
      const makeStore = () => ({
        ...mapStore(emptyBacking()),
        get: (key: string) => held[key],
        set(key: string, value: string) {
          held[key] = value;
        },
        delete: (key: string) => delete held[key],
      });
      return makeStore;
    },
    "keys: dots alone, and the names of an object's own members",
  ],

  // Values
  verbs(
    "takes the empty string for nothing",
    ({ get }) => ({ get: (key) => get(key) || null }),
    "values: the empty string is a value",
  ),
  ways(
    "normalises values",
    { keep: (value) => value.normalize("NFC") },
    "values: text in any script, in its own normal form",
    "swap: takes and compares every value that set takes",
  ),
  ways(
    "loses byte order marks",
    { keep: (value) => value.replace(/^\ufeff/, "") },
    "values: text in any script, in its own normal form",
  ),
  ways(
    "trims values",
    { keep: (value) => value.trim() },
    "values: line ends, spaces, quotes, backslashes and commands",
    "swap: a value with other spaces around it is another",
  ),
  ways(
    "parses JSON",
    { keep: (value) => (/^[{["]/.test(value) ? tidyJson(value) : value) },
    "values: JSON stays the text it is",
  ),
  ways(
    "gives its columns a number's affinity",
    { keep: (value) => (/^[\d.e]+$/.test(value) ? `${Number(value)}` : value) },
    "values: text that looks like a number or a word of the language stays text",
  ),
  ways(
    "cuts values at 64 kB",
    { keep: (value) => value.slice(0, 65_535) },
    "values: 100 kB",
    "swap: takes and compares 100 kB",
  ),

  // Time to live
  ways(
    "ignores times to live",
    { until: () => Number.POSITIVE_INFINITY },
    "ttl: a value is there until its time is up, and gone after it",
    "list: gives nothing that has expired",
    "swap: its time to live counts, from nothing",
    "swap: what has expired is nothing",
  ),
  ways(
    "keeps the first time to live",
    { until: (ttlMs, before) => before?.until ?? performance.now() + ttlMs },
    "ttl: set again for longer, a value outlives the first time",
    "ttl: set again for a shorter time, a value is gone after that",
    "swap: its time to live replaces a longer one",
    "swap: its time to live replaces a shorter one",
  ),
  ways(
    "keeps the longer time to live",
    { until: (ttlMs, before) => Math.max(before?.until ?? 0, performance.now() + ttlMs) },
    "ttl: set again for a shorter time, a value is gone after that",
    "swap: its time to live replaces a longer one",
  ),
  verbs(
    "leaves old timers running",
    ({ set, delete: remove }) => ({
      set(key, value, ttlMs) {
        set(key, value, 60_000);
        setTimeout(remove, ttlMs, key);
      },
    }),
    "ttl: set again for longer, a value outlives the first time",
  ),
  verbs(
    "removes what has expired too late",
    ({ set, delete: remove }) => ({
      set(key, value, ttlMs) {
        set(key, value, ttlMs);
        setTimeout(remove, ttlMs + 100, key);
      },
    }),
    "ttl: set again after it expired, a value stays",
  ),
  ways(
    "counts ms in 31 bits",
    { until: (ttlMs) => performance.now() + (ttlMs >= 2 ** 31 ? 1 : ttlMs) },
    "ttl: 60 days are not cut short",
  ),
  verbs(
    "starts the time again when a swap fails",
    ({ get, set, swap }) => ({
      swap(...args) {
        const result = swap(...args);
        if (!result.ok && get(args[0])) set(args[0], result.value ?? "", args[3]);
        return result;
      },
    }),
    "swap: one that fails leaves the time to live as it was",
  ),
];
