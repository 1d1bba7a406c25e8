import { describeClient } from "../shared/given-client.js";
import type { Connection } from "./connection.js";
import { type IoredisClient, type IoredisCluster, ioredis } from "./ioredis.js";
import {
  type NodeRedisClient,
  type NodeRedisCluster,
  type NodeRedisPool,
  type NodeRedisSentinel,
  nodeRedis,
} from "./node-redis.js";
import { type BunRedisClient, type PolledConnection, polled, type ValkeyGlideClient } from "./polled.js";

/**
 * A client of node-redis (`redis`, `@redis/client`): `createClient()`, `createClientPool()`,
 * `createSentinel()`, `createCluster()`; of ioredis or iovalkey: `new Redis()`, `new Cluster()`; or, polled, of
 * `@valkey/valkey-glide` or `Bun.RedisClient`.
 */
export type RedisClient =
  | NodeRedisClient
  | NodeRedisPool
  | NodeRedisSentinel
  | NodeRedisCluster
  | IoredisClient
  | IoredisCluster
  | ValkeyGlideClient
  | BunRedisClient;

/** Recognises the library by the client's methods; throws a `TypeError` for anything else. */
export function detectClient(client: unknown): Connection | PolledConnection {
  const connection =
    typeof client === "object" && client !== null
      ? (ioredis(client) ?? nodeRedis(client) ?? polled(client))
      : undefined;
  if (connection) return connection;
  throw new TypeError(
    `redisStore() takes a client of node-redis, ioredis, iovalkey, valkey-glide or Bun, got ${describeClient(client, () => "an object that is none of these")}; ` +
      "pass a connected client: redisStore(await createClient({ url }).connect()) or redisStore(new Redis(url))",
  );
}
