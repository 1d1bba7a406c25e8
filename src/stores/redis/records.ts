import type { Store, StoreEntry } from "../store.js";
import { READ, run, type Scripting, WRITE } from "./script.js";

/** How many records are read in one go: some 0.5 ms of Redis's time. */
const PAGE = 1_000;
/** Up to so many are read one by one in a Cluster. */
const FEW = 100;

/**
 * The verbs of a store in Redis but `watch`: the record under `<base>:<key>`, and a sorted set of the names
 * of all records with the moment each expires, `<base>:@index`, which is what `list` reads. Names no
 * circuit has, nor any hold.
 *
 * In a Cluster a script touches one key only: while a slot moves from one master to another, no command with
 * two keys of it goes through, and one with one key always does.
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
    const listed = cluster && verb !== "delete" && run(redis, WRITE, [index], ["index", ...rest]);
    const keys = cluster ? [keyOf(key)] : [keyOf(key), index];
    const [[ok, now, stored]] = await Promise.all([run(redis, WRITE, keys, [verb, ...rest]), listed]);
    return { ok: Number(ok) === 1, now: Number(now), value: textOf(stored) };
  }

  async function read(keys: string[]): Promise<StoreEntry[]> {
    const [now, values] = await run(redis, READ, keys.map(keyOf));
    // Null: expired since, or no string.
    return keys.flatMap((key, at) => {
      const value = textOf((values as unknown[])[at]);
      return value === null ? [] : { key, value, now: Number(now) };
    });
  }

  return {
    get: async (key) => textOf((await run(redis, WRITE, [keyOf(key)], ["get"]))[2]),
    set: (key, value, ttlMs) => write("always", key, "", value, ttlMs),
    delete: (key) => write("delete", key),
    swap: (key, expect, value, ttlMs) =>
      expect === null ? write("absent", key, "", value, ttlMs) : write("equal", key, expect, value, ttlMs),
    async list(start) {
      const [, names] = await run(redis, READ, [index], ["index"]);
      const keys = (names as unknown[])
        .flatMap((name) => textOf(name) ?? [])
        .filter((key) => key.startsWith(start));
      const size = cluster && keys.length <= FEW ? 1 : PAGE;
      const pages = Array.from({ length: Math.ceil(keys.length / size) }, (_, at) =>
        read(keys.slice(at * size, (at + 1) * size)),
      );
      return (await Promise.all(pages)).flat();
    },
  };
}

/** A text as the scripts answer it, behind its sign; `null` where there is none. */
const textOf = (answer: unknown): string | null => (typeof answer === "string" ? answer.slice(1) : null);
