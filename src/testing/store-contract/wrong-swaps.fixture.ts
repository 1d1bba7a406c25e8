import { laterTurn } from "./map-store.fixture.js";
import { alternately, swapsIf, tidyJson, verbs, type Wrong, ways } from "./wrong.fixture.js";

/** Stores that swap wrongly, or have a wrong clock. */
export const wrongSwaps: readonly Wrong[] = [
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
];
