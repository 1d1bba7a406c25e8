import { Redis } from "@upstash/redis";
import { afterAll, beforeAll, describe, test } from "vitest";
import { upstashStore } from "../../../src/stores/upstash.js";
import { storeContract } from "../../../src/testing/index.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { type Front, startFront } from "./start-front.js";

const redisServer = requireProgram("redis-server");

describe.skipIf(!redisServer).each([
  ["as it comes", {}],
  [
    "without pipelining, base64 or JSON",
    { enableAutoPipelining: false, responseEncoding: false, automaticDeserialization: false } as const,
  ],
])("the store contract with @upstash/redis %s", (_how, settings) => {
  let server: RedisServer;
  let front: Front;
  beforeAll(async () => {
    server = await startRedis(redisServer);
    front = await startFront(server.url);
  });
  afterAll(async () => {
    await front.close();
    await server.stop();
  });

  const makeStore = async () => ({
    store: upstashStore(new Redis({ url: front.url, token: front.token, ...settings })),
  });
  for (const { name, run } of storeContract(makeStore, { verbs: ["swap", "list"] }))
    test.concurrent(name, run);
});
