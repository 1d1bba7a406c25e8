import type { Store, StoreWatcher } from "../options/store.js";
import { detectClient, type RedisClient } from "./redis/detect-client.js";
import { records } from "./redis/records.js";
import { type Moves, subscribe } from "./redis/subscribe.js";
import { checkOptions, checkPrefix } from "./shared/options.js";
import { safeWatcher } from "./shared/watcher.js";

export type { RedisClient } from "./redis/detect-client.js";
export type { IoredisClient, IoredisCluster } from "./redis/ioredis.js";
export type {
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisPool,
  NodeRedisSentinel,
} from "./redis/node-redis.js";
export type { BunRedisClient, ValkeyGlideClient } from "./redis/polled.js";

/** The options of `redisStore`. */
export interface RedisStoreOptions {
  /**
   * Names the fleet: processes that use the same prefix, in one database of one Redis, share their circuits. A record
   * is kept under `<prefix>:<key>`, the index of all records under `<prefix>:@index`, and changes are published on
   * `<prefix>@<database>`. All of them begin with the client's own `keyPrefix`, if it has one. In a Cluster keys begin
   * with `{<prefix>}:`, so that all are in one slot, unless the prefix has a hash tag of its own. Any text except the
   * empty one.
   *
   * @default "failfast"
   */
  readonly prefix?: string;
}

/**
 * A store in Redis or Valkey: standalone, behind Sentinels or in a Cluster. Through a client of node-redis, ioredis or
 * iovalkey it has all six methods; through valkey-glide or Bun all except `watch`. Everything goes to masters.
 *
 * Commands go to the caller's client, which is never configured or closed. They are rejected at once while it isn't
 * ready, except that an ioredis client may still be making its first connection. They have no deadline of their own. If
 * the client selects another database, the store follows. `watch` opens one more connection, with the client's own
 * settings, which doesn't keep the process alive.
 *
 * @example
 * const store = redisStore(await createClient({ url }).connect());
 * const salesApi = failfast("sales_api", 60, { store });
 *
 * @throws {TypeError} the client is none of those, an option is unknown, or the prefix isn't a text of at least one
 * character.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  const connection = detectClient(client);
  checkOptions("redisStore", options, ["prefix"]);
  const prefix = checkPrefix("redisStore", options.prefix);
  const channelOf = (): string => `${connection.keyPrefix}${prefix}@${connection.database}`;
  const channel = async (): Promise<string> => {
    await connection.learnDatabase();
    return channelOf();
  };
  const moves: Moves = new Set();
  const send = async (head: string[], keys: string[], args: string[]): Promise<unknown> => {
    try {
      return await connection.send([...head, String(keys.length)], keys, args);
    } finally {
      for (const look of [...moves]) look();
    }
  };
  const scripting = {
    evalsha: (sha1: string, keys: string[], args: string[]) => send(["evalsha", sha1], keys, args),
    eval: (text: string, keys: string[], args: string[]) => send(["eval", text], keys, args),
  };
  return {
    ...records(scripting, connection.cluster ? hashTagged(prefix) : prefix, channel, connection.cluster),
    ...("subscribe" in connection
      ? {
          async watch(start: string, on: StoreWatcher) {
            await connection.learnDatabase();
            return subscribe(connection, channelOf, moves, safeWatcher(start, on));
          },
        }
      : {}),
  };
}

/** A Cluster chooses the slot by what is between the first braces, so a record and its index share a slot. */
const hashTagged = (prefix: string): string => (/^[^{]*\{[^}]+\}/.test(prefix) ? prefix : `{${prefix}}`);
