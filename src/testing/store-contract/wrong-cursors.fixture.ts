import type { StoreListing } from "../../options/store.js";
import { type CursorStore, type CursorWays, cursorStore, rightCursors } from "./cursor-store.fixture.js";
import { type Backing, emptyBacking, laterTurn } from "./map-store.fixture.js";
import type { Wrong } from "./wrong.fixture.js";

function ways(what: string, wrong: Partial<CursorWays>, ...cases: string[]): Wrong {
  return verbs(what, () => ({}), wrong, ...cases);
}

function verbs(
  what: string,
  list: (store: CursorStore, backing: Backing) => Partial<CursorStore>,
  wrong: Partial<CursorWays>,
  ...cases: string[]
): Wrong {
  return [
    what,
    () => {
      const backing = emptyBacking();
      return () => {
        const store = cursorStore(backing, wrong);
        return { ...store, ...list(store, backing) };
      };
    },
    ...cases,
  ];
}

const listed = (answer: StoreListing, change: Partial<StoreListing>): StoreListing => ({
  ...answer,
  ...change,
});
const atOnce = (answer: unknown): StoreListing => answer as StoreListing;

/** Found out after 10 s: for fake timers. */
export const listsEverything: Wrong = ways(
  "lists everything since any cursor",
  { from: () => 0 },
  "list: since a cursor, soon leaves out what did not change",
);

/** Stores that list wrong entries since a cursor. */
export const wrongCursors: readonly Wrong[] = [
  verbs(
    "lists since a cursor what its own handle wrote",
    (store) => {
      const written = new Set<string>();
      return {
        set(key, value, ttlMs) {
          written.add(key);
          store.set(key, value, ttlMs);
        },
        list(prefix, since) {
          const answer = atOnce(store.list(prefix, since));
          if (since === undefined) return answer;
          return listed(answer, { entries: [...answer.entries].filter(({ key }) => written.has(key)) });
        },
      };
    },
    {},
    "list: since a cursor, gives what was written, whichever handle wrote it",
    "list: since a cursor made where nothing was stored, gives what was written",
    "list: since the cursor of a list since a cursor, gives what was written",
  ),
  ways(
    "takes every cursor for the newest",
    { from: (_, last) => last },
    "list: since a cursor, gives what was written, whichever handle wrote it",
    "list: since a cursor that it never gave, gives every record and says so",
    "list: since a cursor, gives what was swapped in",
  ),
  ways(
    "skips the write after a cursor",
    { from: (cursor, last) => (rightCursors.from(cursor, last) ?? -1) + 1 },
    "list: since a cursor made where nothing was stored, gives what was written",
  ),
  ways(
    "believes a cursor from ahead",
    { from: (cursor) => Number(/\d+/.exec(cursor)?.[0] ?? 0) },
    "list: since a cursor that it never gave, gives every record and says so",
  ),
  verbs(
    "lists everything since a cursor it doesn't know, and doesn't say so",
    (store) => ({
      list: (prefix, since) => listed(atOnce(store.list(prefix, since)), { complete: false }),
    }),
    {},
    "list: since a cursor that it never gave, gives every record and says so",
  ),
  verbs(
    "lists every change since a cursor, of whatever prefix",
    (store) => ({ list: (prefix, since) => store.list(since === undefined ? prefix : "", since) }),
    {},
    "list: since a cursor, gives only what is under the prefix",
  ),
  verbs(
    "lists since a cursor the values as they were first",
    (store, { held }) => {
      const first = new Map<string, string>();
      return {
        set(key, value, ttlMs) {
          if (!held.has(key)) first.set(key, value);
          store.set(key, value, ttlMs);
        },
        delete: (key) => held.get(key) !== undefined,
        list(prefix, since) {
          const answer = atOnce(store.list(prefix, since));
          if (since === undefined) return answer;
          const entries = [...answer.entries].map((each) => ({
            ...each,
            value: first.get(each.key) ?? each.value,
          }));
          return listed(answer, { entries });
        },
      };
    },
    {},
    "list: since a cursor, gives nothing that was deleted, and what was stored again",
  ),
  verbs(
    "lists what has expired since a cursor",
    (store, { held }) => ({
      list(prefix, since) {
        const answer = atOnce(store.list(prefix, since));
        if (since === undefined) return answer;
        const all = [...held].filter(([key]) => key.startsWith(prefix));
        return listed(answer, { entries: all.map(([key, { value }]) => ({ key, value })) });
      },
    }),
    {},
    "list: since a cursor, gives nothing that has expired",
  ),
  verbs(
    "makes its cursor after it has read the records",
    (store, backing) => ({
      async list(prefix, since) {
        const answer = atOnce(store.list(prefix, since));
        await laterTurn();
        await laterTurn();
        return listed(answer, { cursor: rightCursors.cursor(backing.writes) });
      },
      set: (...args) => laterTurn().then(() => store.set(...args)) as unknown as undefined,
      swap: (...args) =>
        laterTurn().then(() => store.swap(...args)) as unknown as ReturnType<typeof store.swap>,
    }),
    {},
    "list: since a cursor, loses nothing that is written meanwhile",
    "list: since a cursor, loses nothing that is swapped in meanwhile",
  ),
];
