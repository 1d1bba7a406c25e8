import type { Connection } from "./connection.js";
import { type IoredisClient, ioredis, isIoredis } from "./ioredis.js";
import { isNodeRedis, type NodeRedisClient, nodeRedis } from "./node-redis.js";

/** A client of node-redis (`redis`, `@redis/client`), ioredis or iovalkey. */
export type RedisClient = NodeRedisClient | IoredisClient;

/** Tells the libraries apart by what their clients can do; throws a `TypeError` for anything else. */
export function recognise(client: unknown): Connection {
  if (typeof client === "object" && client !== null) {
    if (isIoredis(client)) return ioredis(client);
    if (isNodeRedis(client)) return nodeRedis(client);
  }
  throw new TypeError(
    `redisStore() takes a client of node-redis, ioredis or iovalkey, got ${describe(client)}; ` +
      "pass a connected client: redisStore(await createClient({ url }).connect()) or redisStore(new Redis(url))",
  );
}

/** What it is, and no more: a URL holds a password. */
function describe(client: unknown): string {
  if (typeof client === "string") return "a string";
  if (typeof client !== "object" || client === null) return String(client === null ? client : typeof client);
  if (typeof (client as { then?: unknown }).then === "function") return "a promise (await it first)";
  const { sendCommand, isCluster } = client as { sendCommand?: unknown; isCluster?: unknown };
  if (isCluster || typeof sendCommand === "function")
    return "a Cluster, Sentinel or pool client, which it can't use";
  return "an object that is none";
}
