import { type RedisClient, recognise } from "./redis/recognise.js";
import { scan } from "./redis/scan.js";
import { evaluate, WRITE } from "./redis/script.js";
import { subscribe } from "./redis/subscription.js";
import type { Store, StoreEntry, StoreWatcher } from "./store.js";

export type { IoredisClient } from "./redis/ioredis.js";
export type { NodeRedisClient } from "./redis/node-redis.js";
export type { RedisClient } from "./redis/recognise.js";

export interface RedisStoreOptions {
  /**
   * Names the fleet: circuits are shared by the processes that use the same prefix, in one database of one
   * Redis. A record is kept under `<prefix>:<key>`, and changes are published on `<prefix>@<database>`; both
   * begin with the client's own `keyPrefix`, where it has one. Any text but the empty one.
   *
   * @default "failfast"
   */
  readonly prefix?: string;
}

/**
 * A store in Redis or Valkey, through a client of node-redis, ioredis or iovalkey, with all six verbs.
 *
 * Commands go to the caller's client, which is never configured or closed, and are rejected at once while it
 * isn't ready, save that a client of ioredis may still be making its first connection; they have no deadline
 * of their own. `watch` opens one connection more, with the client's own
 * settings, which doesn't keep the process alive.
 *
 * @example
 * const store = redisStore(await createClient({ url }).connect());
 * const salesApi = failfast("sales_api", 60, { store });
 *
 * @throws {TypeError} when the client is none of those, or the prefix isn't a text of at least one character.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  const connection = recognise(client);
  const { prefix = "failfast" } = options;
  if (typeof prefix !== "string" || prefix === "") {
    throw new TypeError(
      `the prefix of redisStore() must be a text of at least one character, got ${prefix === "" ? '""' : typeof prefix}`,
    );
  }
  const keyOf = (key: string): string => `${prefix}:${key}`;
  const channel = `${connection.keyPrefix}${prefix}@${connection.database}`;
  const write = (when: string, expect: string, key: string, value: string, ttlMs: number) =>
    evaluate(connection, WRITE, keyOf(key), [when, expect, value, String(Math.ceil(ttlMs)), channel, key]);

  return {
    async get(key) {
      return (await connection.send(["get"], [keyOf(key)])) as string | null;
    },
    async set(key, value, ttlMs) {
      await write("always", "", key, value, ttlMs);
    },
    async delete(key) {
      await connection.send(["del"], [keyOf(key)]);
    },
    async swap(key, expect, value, ttlMs) {
      const when = expect === null ? "absent" : "equal";
      const [ok, now, stored] = await write(when, expect ?? "", key, value, ttlMs);
      return { ok: Number(ok) === 1, value: stored as string | null, now: Number(now) };
    },
    async list(start) {
      const found = await scan(connection, keyOf(start));
      return Array.from(found.values(), (entry) => ({ ...entry, key: entry.key.slice(keyOf("").length) }));
    },
    watch: (start, on) =>
      subscribe(connection, channel, {
        message: (text) => harmlessly(() => deliver(text, start, on)),
        gap: () => harmlessly(() => on.gap()),
      }),
  };
}

function deliver(text: string, start: string, on: StoreWatcher): void {
  const entry = parse(text);
  if (entry === undefined) on.gap();
  else if (entry.key.startsWith(start)) on.change(entry);
}

/** A watcher that throws would break the client's decoder, or end the process. */
function harmlessly(tell: () => void): void {
  try {
    tell();
  } catch {
    // Its own affair.
  }
}

/** What the script published; `undefined` for anything else, since anyone may publish. */
function parse(text: string): StoreEntry | undefined {
  try {
    const [key, value, now]: unknown[] = JSON.parse(text);
    if (typeof key === "string" && typeof value === "string" && typeof now === "number")
      return { key, value, now };
  } catch {
    // Not ours.
  }
  return undefined;
}
