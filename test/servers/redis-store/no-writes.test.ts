import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterEach, describe, expect, it } from "vitest";
import { createFailfast, type Failfast, type FailfastEvents } from "../../../src/index.js";
import { type RedisClient, redisStore } from "../../../src/stores/redis.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { ignore, soon } from "./clients.js";
import { startProxy } from "./proxy.js";

const redisServer = requireProgram("redis-server");
const fail = (): Promise<never> => Promise.reject(new Error("backend"));

describe.skipIf(!redisServer)("a Redis that answers but takes no writes", () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const server = async (...settings: string[]): Promise<RedisServer> => {
    const started = await startRedis(redisServer, settings);
    ends.push(() => started.stop());
    return started;
  };
  const admin = (url: string): Redis => {
    const client = new Redis(url).on("error", ignore);
    ends.push(() => client.disconnect());
    return client;
  };
  const join = (client: RedisClient): Failfast => {
    const failfast = createFailfast({ store: redisStore(client) });
    failfast("shop", 60);
    ends.push(() => failfast.close());
    return failfast;
  };

  it.each([
    ["for lack of memory", [], ["maxmemory", "1mb", "0"], /OOM/],
    ["for lack of replicas", [], ["min-replicas-to-write", "1", "0"], /NOREPLICAS/],
  ] as const)(
    "%s: is reported once, and later gets what opened meanwhile",
    async (_, more, [setting, refused, well], says) => {
      const { url } = await server(...more);
      const redis = admin(url);
      const a = join(admin(url));
      const b = join(admin(url));
      await Promise.all([a.ready(), b.ready()]);
      const down: FailfastEvents["store-down"][] = [];
      a.on("store-down", (event) => down.push(event));
      await redis.config("SET", setting, refused);
      await expect(a("shop").run(fail)).rejects.toThrow("backend");
      expect(await a("shop").trip()).toEqual({ stored: false });
      expect(await b("shop").run(async () => "served")).toBe("served");
      expect([a("shop").state, b("shop").state]).toEqual(["open", "closed"]);
      expect(down.map(({ error }) => String(error))).toEqual([expect.stringMatching(says)]);
      await redis.config("SET", setting, well);
      await expect.poll(() => b("shop").state, soon).toBe("open");
    },
  );

  describe("because it became a replica, and the address leads to the new master", () => {
    let proxy: Awaited<ReturnType<typeof startProxy>>;
    /** Two servers, of which the second takes over. Existing connections stay with the first. */
    const failOver = async (): Promise<() => Promise<RedisServer>> => {
      const [first, second] = await Promise.all([server(), server()]);
      proxy = await startProxy(first.port);
      ends.push(() => proxy.close());
      return async () => {
        proxy.turnTo(second.port);
        await admin(first.url).call("REPLICAOF", "127.0.0.1", String(second.port));
        return second;
      };
    };
    const stored = (url: string) => async () => (await admin(url).get("failfast:circuit:shop")) ?? "";

    it("is left by ioredis through reconnectOnError", async () => {
      const turn = await failOver();
      const client = new Redis(proxy.url, {
        reconnectOnError: ({ message }) => message.includes("READONLY"),
      });
      ends.push(() => client.disconnect());
      const failfast = join(client.on("error", ignore));
      await failfast.ready();
      const { url } = await turn();
      await expect(failfast("shop").run(fail)).rejects.toThrow("backend");
      await expect.poll(stored(url), soon).toContain('"state":"open"');
    });

    it("is left by node-redis when it is connected again after store-down", async () => {
      const turn = await failOver();
      const client = createClient({ url: proxy.url }).on("error", ignore);
      await client.connect();
      ends.push(() => client.destroy());
      const failfast = join(client);
      failfast.on("store-down", ({ error }) => {
        if (!String(error).includes("READONLY")) return;
        client.destroy();
        client.connect().catch(ignore);
      });
      await failfast.ready();
      const { url } = await turn();
      await expect(failfast("shop").run(fail)).rejects.toThrow("backend");
      await expect.poll(stored(url), soon).toContain('"state":"open"');
    });
  });
});
