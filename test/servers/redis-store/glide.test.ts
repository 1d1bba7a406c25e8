import { GlideClient, GlideClusterClient } from "@valkey/valkey-glide";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createFailfast } from "../../../src/index.js";
import { redisStore } from "../../../src/stores/redis.js";
import { storeContract } from "../../../src/testing/index.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { ignore } from "./clients.js";
import { type RedisCluster, startCluster } from "./cluster.js";

const redisServer = requireProgram("redis-server");
const requestTimeout = 5_000;

describe.skipIf(!redisServer)("valkey-glide", () => {
  let server: RedisServer;
  let client: GlideClient;
  beforeAll(async () => {
    server = await startRedis(redisServer);
    const addresses = [{ host: "127.0.0.1", port: server.port }];
    client = await GlideClient.createClient({ addresses, requestTimeout, databaseId: 3 });
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  describe("the store contract", () => {
    for (const { name, run } of storeContract(() => redisStore(client), { verbs: ["swap", "list"] }))
      test.concurrent(name, run);
  });

  test("is in one fleet with node-redis on the same database, which gets its trips by push", async () => {
    const redis = await createClient({ url: `${server.url}/3` })
      .on("error", ignore)
      .connect();
    const [here, there] = [redisStore(client), redisStore(redis)].map((store) => createFailfast({ store }));
    onTestFinished(async () => {
      await Promise.all([here?.close(), there?.close()]);
      redis.destroy();
    });
    const salesApi = there?.("sales_api", 60);
    await there?.ready();
    await here?.("sales_api", 60).trip();
    await expect.poll(() => salesApi?.state, { timeout: 10_000 }).toBe("open");
    await salesApi?.reset();
    await expect.poll(() => here?.("sales_api").state, { timeout: 10_000 }).toBe("closed");
  });

  test("reports a server that is away as an error of the store, and calls go on", async () => {
    const away = await startRedis(redisServer);
    const addresses = [{ host: "127.0.0.1", port: away.port }];
    const other = await GlideClient.createClient({ addresses, requestTimeout: 200 });
    const failfast = createFailfast({ store: redisStore(other) });
    onTestFinished(async () => {
      await failfast.close();
      other.close();
      await away.stop();
    });
    const down: unknown[] = [];
    failfast.on("store-down", (event) => down.push(event));
    const salesApi = failfast("sales_api", 60);
    await failfast.ready();
    await away.kill();
    const call = salesApi(() => Promise.reject(new Error("backend")));
    await expect(call()).rejects.toThrow("backend");
    expect(salesApi.state).toBe("open");
    await expect.poll(() => down.length, { timeout: 15_000 }).toBeGreaterThan(0);
  });
});

describe.skipIf(!redisServer)("the store contract with valkey-glide in a Cluster", () => {
  let cluster: RedisCluster;
  let client: GlideClusterClient;
  beforeAll(async () => {
    cluster = await startCluster(redisServer);
    const addresses = cluster.ports.map((port) => ({ host: "127.0.0.1", port }));
    client = await GlideClusterClient.createClient({ addresses, requestTimeout });
  }, 60_000);
  afterAll(async () => {
    client?.close();
    await cluster?.stop();
  });
  for (const { name, run } of storeContract(() => redisStore(client), { verbs: ["swap", "list"] }))
    test.concurrent(name, run);
});
