import { createCache } from "cache-manager";
import { Redis } from "ioredis";
import { Keyv } from "keyv";
import { createStorage } from "unstorage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFailfast } from "../../../src/index.js";
import { cacheStore } from "../../../src/stores/cache.js";
import { storeContract } from "../../../src/testing/index.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";

const redisServer = requireProgram("redis-server");
let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  if (redisServer === undefined) return;
  server = await startRedis(redisServer);
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis?.disconnect();
  await server?.stop();
});

/** A cache that an application may have written itself. */
const plain = (unit: "s" | "ms") => ({
  get: (key: string) => redis.get(key),
  set: (key: string, value: string, ttl: number) =>
    unit === "s" ? redis.set(key, value, "EX", Math.ceil(ttl)) : redis.set(key, value, "PX", Math.ceil(ttl)),
  delete: (key: string) => redis.del(key),
});

const keyv = new Keyv();
const managed = createCache({ stores: [new Keyv() as never] }); // its types are those of keyv 5;
const storage = createStorage();

describe.each([
  ["Keyv", () => cacheStore(keyv)],
  ["cache-manager", () => cacheStore(managed)],
  ["unstorage", () => cacheStore(storage)],
])("the store contract on %s, in memory", (_, open) => {
  const makeStore = () => ({ store: open(), close: () => undefined });
  for (const { name, run } of storeContract(makeStore, { verbs: [] })) test.concurrent(name, run);
});

describe.skipIf(!redisServer).each(["s", "ms"] as const)(
  "the store contract on get, set and delete over Redis, in %s",
  (ttlUnit) => {
    const makeStore = () => ({
      store: cacheStore(plain(ttlUnit) as never, { ttlUnit }),
      close: () => undefined,
    });
    for (const { name, run } of storeContract(makeStore, { verbs: [] })) test.concurrent(name, run);
  },
);

test.skipIf(!redisServer)("two processes share an open circuit through a cache, by polling", async () => {
  const store = () => cacheStore(plain("ms") as never, { ttlUnit: "ms", prefix: "two" });
  const [a, b] = [createFailfast({ store: store() }), createFailfast({ store: store() })];
  for (const each of [a, b]) each("shop", 60);
  await Promise.all([a.ready(), b.ready()]);
  await a("shop").trip();
  await expect.poll(() => b("shop").state, { timeout: 5_000, interval: 10 }).toBe("open");
  await Promise.all([a.close(), b.close()]);
});

test("a quorum is refused, because no vote could be counted", () => {
  expect(() => createFailfast({ store: cacheStore(keyv) })("x", 60, { quorum: 2 })).toThrow(/no swap/);
});

test("a cache whose unit of time is unknown needs ttlUnit", () => {
  const own = { get: () => undefined, set: () => undefined, delete: () => undefined };
  expect(() => cacheStore(own as never)).toThrow(/ttlUnit/);
  expect(() => cacheStore({} as never)).toThrow(TypeError);
});
