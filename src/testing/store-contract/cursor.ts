import type { StoreEntry } from "../../options/store.js";
import { StoreContractError, same, show } from "./error.js";
import { type Cases, type Fixture, LONG_MS } from "./fixture.js";
import type { Subject } from "./subject.js";
import { eventually } from "./wait.js";

const UNCHANGED = 200;
const AT_ONCE = 25;
/** A store may repeat what was written shortly before the cursor was made. */
const SETTLED_WITHIN_MS = 10_000;
const RACERS = 4;
const ROUNDS = 25;

/** What changed since a cursor. If a store returns no cursor, nothing is checked. */
export const cursorCases: Cases = {
  "list: since a cursor, gives what was written, whichever handle wrote it": async (fixture) => {
    const { here, there, prefix, key } = fixture;
    await here.set(key("a"), "before", LONG_MS);
    await here.set(key("b"), "before", LONG_MS);
    const cursor = await cursorOf(here, prefix);
    if (cursor === undefined) return;
    await here.set(key("a"), "from here", LONG_MS);
    await there.set(key("b"), "from there", LONG_MS);
    await there.set(key("c"), "new", LONG_MS);
    const expected = { [key("a")]: "from here", [key("b")]: "from there", [key("c")]: "new" };
    await gives(here, prefix, cursor, expected);
    // Every process has its own cursors. A cursor from elsewhere may cost a full list, and loses nothing.
    await gives(there, prefix, cursor, expected);
  },

  "list: since a cursor made where nothing was stored, gives what was written": async (fixture) => {
    const { here, there, prefix, key } = fixture;
    const cursor = await cursorOf(here, prefix);
    if (cursor === undefined) return;
    await there.set(key("a"), "value", LONG_MS);
    await gives(here, prefix, cursor, { [key("a")]: "value" });
  },

  "list: since the cursor of a list since a cursor, gives what was written": async (fixture) => {
    const { here, there, prefix, key } = fixture;
    let cursor = await cursorOf(here, prefix);
    for (const round of ["1", "2", "3", "4", "5"]) {
      if (cursor === undefined) return;
      await there.set(key("a"), round, LONG_MS);
      await there.set(key(round), "value", LONG_MS);
      cursor = await gives(here, prefix, cursor, { [key("a")]: round, [key(round)]: "value" });
    }
  },

  "list: since a cursor, soon leaves out what did not change": async (fixture) => {
    const { here, there, prefix, key } = fixture;
    for (let start = 0; start < UNCHANGED; start += AT_ONCE) {
      const keys = Array.from({ length: AT_ONCE }, (_, at) => key(`${start + at}`));
      await Promise.all(keys.map((each) => here.set(each, "value", LONG_MS)));
    }
    let cursor = await cursorOf(here, prefix);
    if (cursor === undefined) return;
    const left = await eventually(
      async () => {
        const listed = await here.listing(prefix, cursor);
        cursor = listed.cursor;
        return listed.entries.length;
      },
      (count) => count === 0,
      SETTLED_WITHIN_MS,
    );
    same("list", left, 0, `records ${SETTLED_WITHIN_MS} ms after the last write, since the newest cursor`);
    if (cursor === undefined) return;
    await there.set(key("7"), "changed", LONG_MS);
    const { entries } = await here.listing(prefix, cursor);
    same("list", entries.length, 1, "records since a cursor after which one was written");
    await gives(here, prefix, cursor, { [key("7")]: "changed" });
  },

  "list: since a cursor, gives only what is under the prefix": async (fixture) => {
    const { here, prefix, key } = fixture;
    await here.set(key("in:a"), "value", LONG_MS);
    const cursor = await cursorOf(here, key("in:"));
    if (cursor === undefined) return;
    for (const name of ["in", "in:", "in:a", "out:a"]) await here.set(key(name), name, LONG_MS);
    await gives(here, key("in:"), cursor, { [key("in:")]: "in:", [key("in:a")]: "in:a" });
    await here.delete(prefix);
  },

  "list: since a cursor, gives nothing that was deleted, and what was stored again": async (fixture) => {
    const { here, there, prefix, key } = fixture;
    for (const name of ["a", "b"]) await here.set(key(name), "before", LONG_MS);
    const cursor = await cursorOf(here, prefix);
    if (cursor === undefined) return;
    for (const name of ["a", "b"]) await there.set(key(name), "changed", LONG_MS);
    for (const name of ["a", "b"]) await there.delete(key(name));
    await there.set(key("b"), "anew", LONG_MS);
    await gives(here, prefix, cursor, { [key("b")]: "anew" }, key("a"));
  },

  "list: since a cursor, gives nothing that has expired": async (fixture) => {
    const { here, prefix, key, shortMs, lapse } = fixture;
    const cursor = await cursorOf(here, prefix);
    if (cursor === undefined) return;
    await here.set(key("a"), "value", shortMs);
    await here.set(key("b"), "value", LONG_MS);
    await lapse();
    await gives(here, prefix, cursor, { [key("b")]: "value" }, key("a"));
  },

  "list: since a cursor that it never gave, gives every record and says so": async (fixture) => {
    const { here, prefix, key } = fixture;
    for (const name of ["a", "b"]) await here.set(key(name), "value", LONG_MS);
    const cursor = await cursorOf(here, prefix);
    if (cursor === undefined) return;
    const everything = { [key("a")]: "value", [key("b")]: "value" };
    // The last is what a store returned before it was put back to an older state: its own cursor, from the future.
    for (const unknown of ["", "?", "0", "-1", "9".repeat(15), "é:{}'\"\n", `${cursor}0`]) {
      const listed = await here.listing(prefix, unknown);
      has(listed.entries, everything, `since ${show(unknown)}`);
      same("list", listed.complete, true, `as complete, since ${show(unknown)}`);
    }
  },

  "list: since a cursor, loses nothing that is written meanwhile": async (fixture) => {
    const { key } = fixture;
    await race(fixture, async (handle, racer, round) => {
      await handle.set(key(`${racer}`), `${round}`, LONG_MS);
      await handle.set(key(`${racer}:${round}`), "value", LONG_MS);
    });
  },
};

/** The same for swaps. */
export const cursorSwapCases: Cases = {
  "list: since a cursor, gives what was swapped in": async ({ here, there, prefix, key }) => {
    await here.swap(key("a"), null, "first", LONG_MS);
    const cursor = await cursorOf(here, prefix);
    if (cursor === undefined) return;
    await there.swap(key("a"), "first", "second", LONG_MS);
    await there.swap(key("b"), null, "first", LONG_MS);
    await there.swap(key("c"), "something", "never", LONG_MS);
    await gives(here, prefix, cursor, { [key("a")]: "second", [key("b")]: "first" }, key("c"));
  },

  "list: since a cursor, loses nothing that is swapped in meanwhile": async (fixture) => {
    const { key } = fixture;
    await race(fixture, async (handle, racer, round) => {
      const last = round === 0 ? null : `${round - 1}`;
      await handle.swap(key(`${racer}`), last, `${round}`, LONG_MS);
      await handle.swap(key(`${racer}:${round}`), null, "value", LONG_MS);
    });
  },
};

/** Several writers, and a reader that goes from cursor to cursor and must have seen everything in the end. */
async function race(
  { here, there, prefix, key }: Fixture,
  write: (handle: Subject, racer: number, round: number) => Promise<void>,
): Promise<void> {
  let cursor = await cursorOf(here, prefix);
  if (cursor === undefined) return;
  let racing = RACERS;
  const writers = Array.from({ length: RACERS }, async (_, racer) => {
    const handle = racer % 2 ? here : there;
    for (let round = 0; round < ROUNDS; round += 1) await write(handle, racer, round);
    racing -= 1;
  });
  const seen = new Map<string, string>();
  const reader = (async () => {
    for (let last = false; cursor !== undefined; last = racing === 0) {
      const listed = await here.listing(prefix, cursor);
      for (const { key: found, value } of listed.entries) seen.set(found, value);
      cursor = listed.cursor;
      if (last) return;
    }
  })();
  await Promise.all([...writers, reader]);
  for (let racer = 0; racer < RACERS; racer += 1) {
    same("list", seen.get(key(`${racer}`)), `${ROUNDS - 1}`, `for ${key(`${racer}`)}, from cursor to cursor`);
    for (let round = 0; round < ROUNDS; round += 1) {
      const each = key(`${racer}:${round}`);
      same("list", seen.get(each), "value", `for ${each}, from cursor to cursor`);
    }
  }
}

const cursorOf = async (handle: Subject, prefix: string): Promise<string | undefined> =>
  (await handle.listing(prefix)).cursor;

/** Checks what is returned since a cursor, and returns the next cursor. */
async function gives(
  handle: Subject,
  prefix: string,
  since: string,
  expected: Readonly<Record<string, string>>,
  absent?: string,
): Promise<string | undefined> {
  const { entries, cursor } = await handle.listing(prefix, since);
  has(entries, expected, "since a cursor");
  for (const { key } of entries) {
    if (key.startsWith(prefix) && key !== absent) continue;
    throw new StoreContractError("list", `only live records under ${prefix}`, `${show(key)} as well`);
  }
  return cursor;
}

function has(entries: readonly StoreEntry[], expected: Readonly<Record<string, string>>, when: string): void {
  const listed = new Map(entries.map(({ key, value }) => [key, value]));
  for (const [key, value] of Object.entries(expected))
    same("list", listed.get(key), value, `for ${key}, ${when}`);
  same("list", entries.length, listed.size, "records, each key once");
}
