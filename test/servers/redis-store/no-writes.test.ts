import { Redis } from "ioredis";
import { createClient } from "redis";
import { describe, it } from "vitest";
import { createFailfast, type Failfast, type FailfastEvents } from "../../../src/index.js";
import { type RedisClient, redisStore } from "../../../src/stores/redis.js";
import { type AtEnd, atEndOf } from "../at-end.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { ignore, soon } from "./clients.js";
import { startProxy } from "./proxy.js";

const redisServer = requireProgram("redis-server");
const fail = (): Promise<never> => Promise.reject(new Error("backend"));

// They wait for what is tried again: all at the same time.
describe.skipIf(!redisServer).concurrent("a Redis that answers but takes no writes", () => {
  const server = async (atEnd: AtEnd, ...settings: string[]): Promise<RedisServer> => {
    const started = await startRedis(redisServer, settings);
    atEnd(() => started.stop());
    return started;
  };
  const admin = (atEnd: AtEnd, url: string): Redis => {
    const client = new Redis(url).on("error", ignore);
    atEnd(() => client.disconnect());
    return client;
  };
  const join = (atEnd: AtEnd, client: RedisClient): Failfast => {
    const failfast = createFailfast({ store: redisStore(client) });
    failfast("shop", 60);
    atEnd(() => failfast.close());
    return failfast;
  };

  it.for([
    ["for lack of memory", [], ["maxmemory", "1mb", "0"], /OOM/],
    ["for lack of replicas", [], ["min-replicas-to-write", "1", "0"], /NOREPLICAS/],
  ] as const)(
    "%s: is reported once, and later gets what opened meanwhile",
    async ([, more, [setting, refused, well], says], context) => {
      const { expect } = context;
      const atEnd = atEndOf(context);
      const { url } = await server(atEnd, ...more);
      const redis = admin(atEnd, url);
      const a = join(atEnd, admin(atEnd, url));
      const b = join(atEnd, admin(atEnd, url));
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
    /** Two servers, of which the second takes over. Existing connections stay with the first. */
    const failOver = async (atEnd: AtEnd) => {
      const [first, second] = await Promise.all([server(atEnd), server(atEnd)]);
      const proxy = await startProxy(first.port);
      atEnd(() => proxy.close());
      const turn = async (): Promise<void> => {
        proxy.turnTo(second.port);
        await admin(atEnd, first.url).call("REPLICAOF", "127.0.0.1", String(second.port));
      };
      const asked = admin(atEnd, second.url);
      return { proxy, turn, stored: async () => (await asked.get("failfast:circuit:shop")) ?? "" };
    };

    it("is left by ioredis through reconnectOnError", async (context) => {
      const { expect } = context;
      const atEnd = atEndOf(context);
      const { proxy, turn, stored } = await failOver(atEnd);
      const client = new Redis(proxy.url, {
        reconnectOnError: ({ message }) => message.includes("READONLY"),
      });
      atEnd(() => client.disconnect());
      const failfast = join(atEnd, client.on("error", ignore));
      await failfast.ready();
      await turn();
      await expect(failfast("shop").run(fail)).rejects.toThrow("backend");
      await expect.poll(stored, soon).toContain('"state":"open"');
    });

    it("is left by node-redis when it is connected again after store-down", async (context) => {
      const { expect } = context;
      const atEnd = atEndOf(context);
      const { proxy, turn, stored } = await failOver(atEnd);
      const client = createClient({ url: proxy.url }).on("error", ignore);
      await client.connect();
      atEnd(() => client.destroy());
      const failfast = join(atEnd, client);
      failfast.on("store-down", ({ error }) => {
        if (!String(error).includes("READONLY")) return;
        client.destroy();
        client.connect().catch(ignore);
      });
      await failfast.ready();
      await turn();
      await expect(failfast("shop").run(fail)).rejects.toThrow("backend");
      await expect.poll(stored, soon).toContain('"state":"open"');
    });
  });
});
