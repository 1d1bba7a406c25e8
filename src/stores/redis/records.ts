import type { Store, StoreEntry } from "../../options/store.js";
import { inPages } from "../shared/pages.js";
import { NAMES, READ, run, type Scripting, WRITE } from "./script.js";

/** How many records are read in one script: some 0.5 ms of Redis's time. */
const PAGE = 1_000;
/** How many pages are read at a time, so that no answer blocks the event loop for long. */
const PAGES = 4;
/** In a Cluster, up to this many are read one by one. */
const FEW = 100;

/**
 * The methods of a store in Redis, except `watch`. A record is under `<base>:<key>`. The index `<base>:@index` has the
 * names of all records, when each expires and when it changed; `list` reads it. No circuit and no hold has such a name.
 * Those of a sibling begin with `<base>:@<its name>:`, and are published on no channel, `""`.
 *
 * In a Cluster a script uses one key only. While a slot moves from one master to another, no command with two of its
 * keys succeeds, but a command with one key always does. The index is updated after the record, so that a reader who
 * finds a change there reads the new value.
 */
export function records(
  redis: Scripting,
  base: string,
  channel: () => string | Promise<string>,
  cluster = false,
): Required<Omit<Store, "watch">> {
  const keyOf = (key: string): string => `${base}:${key}`;
  const index = keyOf("@index");

  async function write(verb: string, key: string, expect = "", value = "", ttlMs = 0) {
    const rest = [expect, value, String(Math.ceil(ttlMs)), await channel(), key];
    const keys = cluster ? [keyOf(key)] : [keyOf(key), index];
    const [ok, now, stored] = await run(redis, WRITE, keys, [verb, ...rest]);
    const result = { ok: Number(ok) === 1, now: Number(now), value: textOf(stored) };
    if (cluster && result.value !== null)
      await run(redis, WRITE, [index], [result.ok ? "changed" : "found", ...rest]);
    return result;
  }

  async function read(keys: string[]): Promise<StoreEntry[]> {
    const [now, values] = await run(redis, READ, keys.map(keyOf));
    // Null: it has expired since, or it is not a string.
    return keys.flatMap((key, at) => {
      const value = textOf((values as unknown[])[at]);
      return value === null ? [] : { key, value, now: Number(now) };
    });
  }

  async function readAll(keys: string[]): Promise<StoreEntry[]> {
    const size = cluster && keys.length <= FEW ? 1 : PAGE;
    const atOnce = size * (size === 1 ? FEW : PAGES);
    const entries: StoreEntry[] = [];
    for (let from = 0; from < keys.length; from += atOnce) {
      const starts = Array.from({ length: atOnce / size }, (_, at) => from + at * size);
      const pages = starts
        .filter((start) => start < keys.length)
        .map((start) => read(keys.slice(start, start + size)));
      for (const page of await Promise.all(pages)) entries.push(...page);
    }
    return entries;
  }

  return {
    get: async (key) => textOf((await run(redis, WRITE, [keyOf(key)], ["get"]))[2]),
    set: (key, value, ttlMs) => write("always", key, "", value, ttlMs),
    delete: (key) => write("delete", key),
    swap: (key, expect, value, ttlMs) =>
      expect === null ? write("absent", key, "", value, ttlMs) : write("equal", key, expect, value, ttlMs),
    async list(start, since = "") {
      const listed = { now: 0, cursor: since, complete: false };
      const names = await inPages(async (limit) => {
        const [now, page, cursor, all] = await run(redis, NAMES, [index], [listed.cursor, String(limit)]);
        listed.now = Number(now);
        listed.cursor = String(cursor);
        listed.complete ||= Number(all) === 1;
        return (page as unknown[]).map(textOf);
      });
      // What changed meanwhile is among them twice.
      const keys = [...new Set(names)].filter((key): key is string => key?.startsWith(start) === true);
      return { entries: await readAll(keys), ...listed };
    },
    sibling: (name) => records(redis, keyOf(`@${name}`), unpublished, cluster),
  };
}

const unpublished = (): string => "";

/** A text in the scripts' answer, after its sign; `null` if there is none. */
const textOf = (answer: unknown): string | null => (typeof answer === "string" ? answer.slice(1) : null);
