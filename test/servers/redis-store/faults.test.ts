import { Redis } from "ioredis";
import { createClient } from "redis";
import { cacheStore } from "../../../src/stores/cache.js";
import { redisStore } from "../../../src/stores/redis.js";
import { requireProgram } from "../require.js";
import { startRedis } from "../start-redis.js";
import { type OpenStore, storeFaults } from "../store-faults.js";
import { ignore } from "./clients.js";

const redisServer = requireProgram("redis-server");

/** As in the documentation: a connection that died silently is noticed and replaced. */
const nodeRedis = (url: string) =>
  createClient({
    url,
    pingInterval: 1_000,
    // Its own strategy gives up for good after a connection attempt has timed out.
    socket: { socketTimeout: 3_000, reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 2_000) },
  }).on("error", ignore);
const ioredis = (url: string) => new Redis(url, { socketTimeout: 1_000 }).on("error", ignore);

const clients: Readonly<Record<string, (url: string) => OpenStore>> = {
  "redisStore() with node-redis"(url) {
    const client = nodeRedis(url);
    client.connect().catch(ignore);
    return { store: redisStore(client), close: () => client.destroy() };
  },
  "redisStore() with ioredis"(url) {
    const client = ioredis(url);
    return { store: redisStore(client), close: () => client.disconnect() };
  },
  "cacheStore() on get, set and delete over Redis"(url) {
    const client = ioredis(url);
    const cache = {
      get: (key: string) => client.get(key),
      set: (key: string, value: string, ttl: number) => client.set(key, value, "PX", ttl),
      delete: (key: string) => client.del(key),
    };
    return { store: cacheStore(cache, { ttlUnit: "ms" }), close: () => client.disconnect() };
  },
};

for (const [title, open] of Object.entries(clients)) {
  storeFaults(
    title,
    async () => {
      const server = await startRedis(redisServer);
      const at = (port: number, user = "app") => `redis://${user}:secret@127.0.0.1:${port}`;
      const admin = await createClient({ url: server.url }).on("error", ignore).connect();
      // A restart of the server forgets users; the default user may do everything anyway.
      await admin.sendCommand(["ACL", "SETUSER", "stranger", "on", ">secret", "+@all", "~elsewhere:*", "&*"]);
      return {
        open: () => open(server.url),
        port: server.port,
        openAt: (port) => open(server.url.replace(`:${server.port}`, `:${port}`)),
        openAsStranger: () => open(at(server.port, "stranger")),
        pause: server.pause,
        resume: server.resume,
        restart: server.restart,
        keeps: false,
        empty: () => admin.sendCommand(["FLUSHALL"]),
        spoil: (key) =>
          title.startsWith("redis")
            ? admin.sendCommand(["LPUSH", `failfast:${key}`, "x"])
            : admin.sendCommand(["SET", `failfast:${key}`, "x"]),
        async stop() {
          admin.destroy();
          await server.stop();
        },
      };
    },
    { skip: !redisServer },
  );
}
