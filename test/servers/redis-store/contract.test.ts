import { afterAll, beforeAll, describe, test } from "vitest";
import { redisStore } from "../../../src/stores/redis.js";
import { storeContract } from "../../../src/testing/index.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { protocols } from "./clients.js";

const redisServer = requireProgram("redis-server");

describe.skipIf(!redisServer).each(protocols)("the store contract with $name", ({ library, settings }) => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis(redisServer);
  });
  afterAll(() => server.stop());

  const makeStore = async () => {
    const { client, close } = await library.open(server.url, settings);
    return { store: redisStore(client), close };
  };
  for (const { name, run } of storeContract(makeStore)) test(name, run, 30_000);
});
