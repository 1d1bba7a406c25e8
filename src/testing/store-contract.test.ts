import { describe, expect, test } from "vitest";
import type { Store, StoreEntry, StoreWatcher, SwapResult } from "../stores/store.js";
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

/** A store that answers without promises. */
interface AtOnce {
  get(key: string): string | undefined;
  set(key: string, value: string, ttlMs: number): void;
  delete(key: string): boolean;
  swap(key: string, expect: string | null, value: string, ttlMs: number): SwapResult;
  list(prefix: string): StoreEntry[];
  watch(prefix: string, on: StoreWatcher): AsyncDisposable;
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
function mapStore({ held, watchers }: Backing, ways: Partial<Ways> = {}): AtOnce {
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

/** Runs the cases at the same time, and gives the messages of those that failed. */
async function failures(makeStore: () => StoreHandle, options?: StoreContractOptions): Promise<string[]> {
  const cases = storeContract(makeStore, options);
  const outcomes = await Promise.allSettled(cases.map(({ run }) => run()));
  return outcomes.flatMap((outcome, at) =>
    outcome.status === "rejected" ? [`${cases[at]?.name}: ${String(outcome.reason)}`] : [],
  );
}

describe("a right store passes", () => {
  test.concurrent.each<[string, (shared: Backing) => StoreHandle, StoreContractOptions?]>([
    ["in this process", (shared) => mapStore(shared)],
    ["behind a network", (shared) => remoteStore(shared)],
    ["whose clock is off", (shared) => mapStore(shared, { now: () => Date.now() - 3_600_000 })],
    ["without a clock", (shared) => mapStore(shared, { now: () => undefined })],
    ["without push", (shared) => without(mapStore(shared), "watch"), { verbs: ["swap", "list"] }],
    [
      "with the required verbs alone",
      (shared) => without(mapStore(shared), "swap", "list", "watch"),
      { verbs: [] },
    ],
    [
      "that counts in steps of 500 ms",
      (shared) =>
        mapStore(shared, { until: (ttlMs) => (Math.ceil((performance.now() + ttlMs) / 500) + 1) * 500 }),
      { ttlResolutionMs: 500 },
    ],
    [
      "that pushes a gap in place of a big value",
      (shared) =>
        mapStore(shared, {
          push: (entry, on) => (entry.value.length > 8_000 ? on.gap() : right.push(entry, on)),
        }),
    ],
  ])("%s", { timeout: 30_000 }, async (_, makeStore, options) => {
    // Each its own, for there are keys that all of them use.
    const shared = emptyBacking();
    expect(await failures(() => makeStore(shared), options)).toEqual([]);
  });
});

type Verbs = Partial<Required<Store>>;
type Wrong = [what: string, makeHandle: () => () => Store, ...cases: string[]];

/** Wrong in one of its ways. */
function ways(what: string, wrong: Partial<Ways>, ...cases: string[]): Wrong {
  return [
    what,
    () => {
      const backing = emptyBacking();
      return () => mapStore(backing, wrong);
    },
    ...cases,
  ];
}

/** Wrong in what some of its verbs do with a store that is right. */
function verbs(what: string, wrong: (store: AtOnce, backing: Backing) => Verbs, ...cases: string[]): Wrong {
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

/** Wrong in whether it swaps. */
function swapsIf(
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

const pattern = (text: string): RegExp => new RegExp(`^${text.replaceAll("_", ".").replaceAll("%", ".*")}`);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const ended = (end: () => void): AsyncDisposable => ({ [Symbol.asyncDispose]: async () => end() });

const wrongStores: Wrong[] = [
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
    "set: replaces what was stored, whoever stored it",
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
    "throws where there is nothing to delete",
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
    "takes ms for something shorter",
    { until: (ttlMs) => performance.now() + ttlMs / 10 },
    "ttl: a value is there until its time is up, and gone after it",
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
    "starts the time anew when a swap fails",
    ({ get, set, swap }) => ({
      swap(...args) {
        const result = swap(...args);
        if (!result.ok && get(args[0])) set(args[0], result.value ?? "", args[3]);
        return result;
      },
    }),
    "swap: one that fails leaves the time to live as it was",
  ),

  // Swap
  verbs(
    "never swaps",
    ({ get }) => ({ swap: (key) => ({ ok: false, value: get(key) ?? null }) }),
    "swap: expecting nothing where nothing is stored, it writes",
    "swap: expecting what is stored, it writes",
    "swap: of many at once onto nothing, exactly one wins",
  ),
  swapsIf(
    "ignores what a swap expects",
    () => true,
    "swap: expecting nothing where something is stored, it writes nothing and says what is there",
    "swap: expecting something else than is stored, it writes nothing and says what is there",
    "swap: expecting something where nothing is stored, it writes nothing and says so",
    "swap: at once on many keys, each gets its own answer",
  ),
  swapsIf(
    "swaps wherever nothing is stored",
    (stored, expect) => stored === null || stored === expect,
    "swap: expecting something where nothing is stored, it writes nothing and says so",
    "swap: after a delete nothing is stored",
  ),
  swapsIf(
    "swaps wherever nothing is expected",
    (stored, expect) => expect === null || stored === expect,
    "swap: expecting nothing where something is stored, it writes nothing and says what is there",
  ),
  verbs(
    "gives what was stored before a swap",
    ({ get, swap }) => ({
      swap: (...args) => {
        const value = get(args[0]) ?? null;
        return { ...swap(...args), value };
      },
    }),
    "swap: expecting what is stored, it writes",
  ),
  verbs(
    "says nothing of what is stored when a swap fails",
    ({ swap }) => ({
      swap: (...args) => {
        const result = swap(...args);
        return result.ok ? result : { ok: false, value: null };
      },
    }),
    "swap: expecting something else than is stored, it writes nothing and says what is there",
  ),
  verbs(
    "counts the rows that changed",
    ({ swap }) => ({
      swap(key, expect, value, ttlMs) {
        const result = swap(key, expect, value, ttlMs);
        return expect === value ? { ...result, ok: false } : result;
      },
    }),
    "swap: the value it replaces may be the one it writes",
  ),
  swapsIf(
    "takes the empty string for nothing in a swap",
    (stored, expect) => (stored || null) === (expect || null),
    "swap: the empty string is something",
  ),
  ways(
    "compares prefixes",
    { equal: (stored, expect) => stored.startsWith(expect) || expect.startsWith(stored) },
    "swap: a beginning of the stored value, or one longer than it, is another",
  ),
  ways(
    "ignores the case of values",
    { equal: (stored, expect) => stored.toLowerCase() === expect.toLowerCase() },
    "swap: a value in another case is another",
  ),
  ways(
    "ignores spaces at the end",
    { equal: (stored, expect) => stored.trimEnd() === expect.trimEnd() },
    "swap: a value with other spaces around it is another",
  ),
  ways(
    "ignores accents",
    { equal: (stored, expect) => !stored.localeCompare(expect, "en", { sensitivity: "base" }) },
    "swap: a value with other accents, or in another normal form, is another",
  ),
  ways(
    "compares loosely",
    { equal: (stored, expect) => stored === expect || Number(stored) === Number(expect) },
    "swap: another spelling of the same number, or of the same JSON, is another",
  ),
  ways(
    "compares JSON as JSON",
    { equal: (stored, expect) => tidyJson(stored) === tidyJson(expect) },
    "swap: another spelling of the same number, or of the same JSON, is another",
  ),
  ways(
    "compares what fits a packet",
    { equal: (stored, expect) => stored.slice(0, 8_000) === expect.slice(0, 8_000) },
    "swap: takes and compares 100 kB",
  ),
  verbs(
    "reads, and writes a moment later",
    ({ get, set }) => ({
      async swap(key, expect, value, ttlMs) {
        const stored = get(key) ?? null;
        await laterTurn();
        if (stored === expect) set(key, value, ttlMs);
        return { ok: stored === expect, value: stored === expect ? value : stored };
      },
    }),
    "swap: of many at once onto nothing, exactly one wins",
    "swap: of many at once onto the same value, exactly one wins, round after round",
    "swap: a counter that many advance at once loses nothing",
  ),
  verbs(
    "is atomic only within a handle",
    ({ get, set }) => {
      let before: Promise<unknown> = Promise.resolve();
      return {
        swap(key, expect, value, ttlMs) {
          const result = before.then(async () => {
            const stored = get(key) ?? null;
            await laterTurn();
            if (stored === expect) set(key, value, ttlMs);
            return { ok: stored === expect, value: stored === expect ? value : stored };
          });
          before = result;
          return result;
        },
      };
    },
    "swap: of many at once onto nothing, exactly one wins",
    "swap: a counter that many advance at once loses nothing",
  ),
  verbs(
    "says of some swaps that they failed",
    ({ swap }) => {
      let swaps = 0;
      return {
        swap(...args) {
          swaps += 1;
          return { ...swap(...args), ...(swaps % 7 === 0 ? { ok: false } : {}) };
        },
      };
    },
    "swap: a counter that many advance at once loses nothing",
  ),
  verbs(
    "mixes up answers that come at once",
    ({ swap }) => {
      let last: ReturnType<typeof swap> | undefined;
      return {
        async swap(...args) {
          last = swap(...args);
          await laterTurn();
          return last;
        },
      };
    },
    "swap: at once on many keys, each gets its own answer",
  ),

  // Its clock
  ways(
    "has a clock that goes back",
    {
      now: alternately(
        () => Date.now(),
        () => Date.now() - 1_000,
      ),
    },
    "swap: its now, where there is one, never goes back and moves on",
  ),
  ways(
    "has a clock that stands",
    { now: () => 1_767_225_600_000 },
    "swap: its now, where there is one, never goes back and moves on",
  ),
  ways(
    "tells the time in seconds",
    { now: () => Date.now() / 1_000 },
    "swap: its now, where there is one, never goes back and moves on",
    "list: gives the newest value",
    "watch: a change by another handle arrives, with its key and value",
  ),
  ways(
    "has a clock now and then",
    {
      now: alternately(
        () => Date.now(),
        () => undefined,
      ),
    },
    "swap: its now, where there is one, never goes back and moves on",
  ),

  // List
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
    "answers null where there is nothing to list",
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

  // Watch
  [
    "tells only its own watchers",
    () => {
      const { held } = emptyBacking();
      return () => mapStore({ held, watchers: new Set() });
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

describe("a wrong store fails: one that", () => {
  test.concurrent.each(wrongStores)("%s", { timeout: 30_000 }, async (_, makeHandles, ...names) => {
    const cases = storeContract(makeHandles(), { pushWithinMs: 300 });
    await Promise.all(
      names.map(async (name) => {
        const found = cases.find((each) => each.name === name);
        if (!found) throw new Error(`There is no case "${name}".`);
        const error: unknown = await found.run().catch((reason: unknown) => reason);
        expect(error, name).toBeInstanceOf(StoreContractError);
        expect(String(error), "is wrong in the way it says").not.toMatch(
          /(Type|Reference|Range|Syntax)Error/,
        );
      }),
    );
  });

  test("and no case is without a store that fails it", () => {
    const failed = new Set(wrongStores.flatMap(([, , ...names]) => names));
    const names = storeContract(() => mapStore(emptyBacking())).map(({ name }) => name);
    expect(names.filter((name) => !failed.has(name))).toEqual([]);
  });
});

function tidyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

function alternately<T>(one: () => T, other: () => T): () => T {
  let times = 0;
  return () => {
    times += 1;
    return times % 2 ? one() : other();
  };
}
