import { afterAll, beforeAll, describe, test } from "vitest";
import { redisStore } from "../../../src/stores/redis.js";
import { storeContract } from "../../../src/testing/index.js";
import { findProgram, requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { protocols } from "./clients.js";

const redisServer = requireProgram("redis-server");
const valkeyServer = findProgram("valkey-server", ["/usr/local/lib/failfast-tests/valkey"]);

const subjects = [
  ...protocols.map((each) => ({ ...each, program: redisServer })),
  ...protocols
    .filter(({ name }) => ["node-redis, RESP3", "iovalkey"].includes(name))
    .map((each) => ({ ...each, name: `${each.name}, on Valkey`, program: valkeyServer })),
].filter(({ program }) => program !== undefined);

describe.skipIf(subjects.length === 0).each(subjects)(
  "the store contract with $name",
  ({ library, settings, program }) => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await startRedis(program);
    });
    afterAll(() => server.stop());

    const makeStore = async () => {
      const { client, close } = await library.open(server.url, settings);
      return { store: redisStore(client), close };
    };
    for (const { name, run } of storeContract(makeStore)) test.concurrent(name, run);
  },
);
