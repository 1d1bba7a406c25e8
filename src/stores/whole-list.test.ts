// A list of everything is read in pages, so that no answer holds the event loop for long.
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import type { StoreListing } from "../options/store.js";
import { postgresStore } from "./postgres.js";
import { PAGE } from "./shared/pages.js";
import { sqliteStore } from "./sqlite.js";

const keys = Array.from({ length: 2 * PAGE + 500 }, (_, n) => `circuit:${String(n).padStart(5, "0")}`);
const keysOf = ({ entries }: StoreListing): string[] => [...entries].map(({ key }) => key);

describe("a list of everything", () => {
  test("is asked of PostgreSQL in pages, and a list of changes at once", async () => {
    const answered: number[] = [];
    const head = { now: 1, next: "7", newest: "0", life: "1.5" };
    const pool = {
      connect: () => undefined,
      query: async (_: string, [, , limit, after = ""]: [string, string, unknown, string?]) => {
        const changes = typeof limit === "string";
        const found = changes ? [] : keys.filter((key) => key > after).slice(0, Number(limit));
        answered.push(found.length);
        return { rows: found.length === 0 ? [{ ...head, key: null, value: null }] : found.map(row) };
      },
    };
    const row = (key: string) => ({ ...head, key, value: "1" });
    const store = postgresStore(pool as never);
    const listing = (await store.list?.("")) as StoreListing;
    expect(answered).toEqual([PAGE, PAGE, 500]);
    expect(keysOf(listing)).toEqual(keys);
    expect(listing).toMatchObject({ now: 1, cursor: "1.5/7/0", complete: true });
    expect(await store.list?.("", listing.cursor)).toMatchObject({ entries: [], complete: false });
    expect(answered).toHaveLength(4);
  });

  test("is read from SQLite page by page, as it is taken in", () => {
    const store = sqliteStore(new DatabaseSync(":memory:"));
    store.migrate();
    for (const key of keys) store.set(key, "1", 60_000);
    const listing = store.list("");
    expect(keysOf(listing)).toEqual(keys);
    expect(keysOf(listing)).toEqual(keys);
    const last = keys.at(-1) ?? "";
    const entries = listing.entries[Symbol.iterator]();
    expect(entries.next().value?.key).toBe(keys[0]);
    store.delete(last);
    expect([...{ [Symbol.iterator]: () => entries }].map(({ key }) => key)).toEqual(keys.slice(1, -1));
  });
});
