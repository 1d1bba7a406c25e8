import type { StoreEntry } from "../../options/store.js";
import { pattern, verbs, type Wrong, ways } from "./wrong.fixture.js";

/** Stores that list wrong entries. */
export const wrongLists: readonly Wrong[] = [
  verbs(
    "lists one page",
    ({ list }) => ({ list: (prefix) => list(prefix).slice(0, 100) }),
    "list: gives 500 records, each once",
  ),
  verbs(
    "lists some twice",
    ({ list }) => ({
      list: (prefix) => list(prefix).flatMap((entry, at) => (at % 100 ? [entry] : [entry, entry])),
    }),
    "list: gives 500 records, each once",
  ),
  verbs(
    "lists nothing",
    () => ({ list: () => [] }),
    "list: gives every record under the prefix, whichever handle stored it",
    "list: gives what was swapped in",
  ),
  verbs(
    "lists keys without what they start with",
    ({ list }) => ({
      list: (prefix) => list(prefix).map((entry) => ({ ...entry, key: entry.key.slice(prefix.length) })),
    }),
    "list: gives every record under the prefix, whichever handle stored it",
  ),
  verbs(
    "answers null where nothing is listed",
    ({ list }) => ({
      list: (prefix) => {
        const entries = list(prefix);
        return entries.length > 0 ? entries : (null as unknown as StoreEntry[]);
      },
    }),
    "list: gives nothing where nothing is under the prefix",
  ),
  verbs(
    "lists everything",
    ({ list }) => ({ list: () => list("") }),
    "list: gives nothing where nothing is under the prefix",
    "list: gives only what is under the prefix, itself included",
  ),
  ways(
    "takes prefixes for patterns of LIKE",
    { under: (key, prefix) => pattern(prefix).test(key) },
    "list: a prefix is no pattern, and its case counts",
    "watch: a prefix is no pattern, and its case counts",
  ),
  ways(
    "ignores the case of prefixes",
    { under: (key, prefix) => key.toLowerCase().startsWith(prefix.toLowerCase()) },
    "list: a prefix is no pattern, and its case counts",
    "watch: a prefix is no pattern, and its case counts",
  ),
  verbs(
    "caches its list",
    ({ list }) => {
      const cache = new Map<string, ReturnType<typeof list>>();
      return { list: (prefix) => cache.get(prefix) ?? cache.set(prefix, list(prefix)).get(prefix) ?? [] };
    },
    "list: gives the newest value",
  ),
  verbs(
    "lists what was deleted",
    ({ list }, { held }) => ({
      list: (prefix) => list(prefix),
      delete: (key) => held.set(key, { value: "", until: performance.now() + 60_000 }),
    }),
    "list: gives nothing that was deleted",
  ),
  verbs(
    "lists what has expired",
    (_, { held }) => ({
      list: (prefix) =>
        [...held].filter(([key]) => key.startsWith(prefix)).map(([key, { value }]) => ({ key, value })),
    }),
    "list: gives nothing that has expired",
  ),
];
