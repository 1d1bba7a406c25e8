import { Redis } from "ioredis";
import { BasicClientSideCache, createClient, RESP_TYPES } from "redis";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { listAll } from "../../../src/stores/list-all.fixture.js";
import { type RedisClient, redisStore } from "../../../src/stores/redis.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { ignore, libraries, remember, soon } from "./clients.js";

const redisServer = requireProgram("redis-server");

describe("redisStore() refuses", () => {
  const anything = (client: unknown) => () => redisStore(client as RedisClient);

  it("a URL, without repeating it, because it may have a password", () => {
    expect(anything("redis://:secret@host")).toThrow(TypeError);
    expect(anything("redis://:secret@host")).toThrow(
      /got string; pass a connected client: redisStore\(await/,
    );
    expect(anything("redis://:secret@host")).not.toThrow(/secret/);
  });

  it("a promise of a client, and says that it has to be awaited", () => {
    expect(anything(Promise.resolve({}))).toThrow(/got a promise \(await it first\)/);
  });

  it.each([[undefined], [null], [7], [() => {}]])("%s", (client) => {
    expect(anything(client)).toThrow(TypeError);
  });

  it.each([["a store", { get() {}, set() {}, delete() {} }, /an object that is none/]])(
    "%s",
    (_, client, message) => {
      expect(anything(client)).toThrow(message);
    },
  );

  it("a client of node-redis 4 in legacyMode, whose commands return no promise", () => {
    const client = {
      ...createClient(),
      sendCommand() {},
      select() {},
      duplicate() {},
      options: { legacyMode: true },
    };
    expect(anything(client)).toThrow(/duplicate\(\{ legacyMode: false \}\)/);
  });

  it("an empty prefix, or one that is no text", () => {
    expect(() => redisStore(createClient(), { prefix: "" })).toThrow(/at least one character, got ""/);
    expect(() => redisStore(createClient(), { prefix: 7 as unknown as string })).toThrow(/got number/);
  });
});

describe.skipIf(!redisServer)("a client that is not ready gets no commands", () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await startRedis(redisServer);
  });
  afterEach(() => server.stop());

  it("from node-redis, before connect() and after close", async () => {
    const client = createClient({ url: server.url });
    const store = redisStore(client);
    await expect(store.get("a")).rejects.toThrow(/not ready \(it is closed\).*await client\.connect\(\)/);
    await client.connect();
    expect(await store.get("a")).toBeNull();
    client.destroy();
    await expect(store.get("a")).rejects.toThrow(/it is closed/);
  });

  it("node-redis that returns Buffers works too: the store returns strings", async () => {
    const client = createClient({ url: server.url });
    client.on("error", ignore);
    await client.connect();
    const store = redisStore(client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }));
    expect(await store.swap?.("a", null, "1", 60_000)).toMatchObject({ ok: true, value: "1" });
    expect(await store.get("a")).toBe("1");
    expect(await listAll(store)).toMatchObject([{ key: "a", value: "1" }]);
    client.destroy();
  });

  it("node-redis with a client-side cache keeps it when a watch ends", async () => {
    const cache = new BasicClientSideCache({});
    const client = createClient({ url: server.url, clientSideCache: cache }).on("error", ignore);
    await client.connect();
    await client.set("cached", "1");
    await client.get("cached");
    expect(cache.size()).toBe(1);
    const handle = await redisStore(client).watch?.("", remember());
    await handle?.[Symbol.asyncDispose]();
    expect(cache.size()).toBe(1);
    client.destroy();
  });

  it.each(libraries)(
    "from $name, while Redis is down; nothing is written once it is back",
    async (library) => {
      const { client, command, close } = await library.open(server.url);
      const store = redisStore(client);
      const back = server.restart(1_000);
      await expect.poll(() => readiness(client)).toBe(false);
      await expect(store.swap?.("a", null, "1", 60_000)).rejects.toThrow(/not ready.*it goes on by itself/);
      await expect(store.set("a", "1", 60_000)).rejects.toThrow(/not ready/);
      await expect(store.list?.("")).rejects.toThrow(/not ready/);
      await back;
      await expect.poll(() => readiness(client), soon).toBe(true);
      expect(await command("DBSIZE")).toBe(0);
      expect(await store.swap?.("a", null, "1", 60_000)).toMatchObject({ ok: true });
      close();
    },
  );

  it("from ioredis, until its first connection, with lazyConnect too: the first commands wait", async () => {
    for (const lazyConnect of [false, true]) {
      const client = new Redis(server.url, { lazyConnect });
      const store = redisStore(client);
      expect(client.status).toBe(lazyConnect ? "wait" : "connecting");
      await Promise.all([store.set("a", "1", 60_000), store.set("b", "2", 60_000)]);
      expect([await store.get("a"), await store.get("b")]).toEqual(["1", "2"]);
      client.disconnect();
      await expect.poll(() => client.status).toBe("end");
      await expect(store.get("a")).rejects.toThrow(/its status is "end"/);
    }
  });

  it("from ioredis whose first connection fails: commands are errors and are never written", async () => {
    await server.stop();
    for (const lazyConnect of [false, true]) {
      const client = new Redis(server.url, { lazyConnect, retryStrategy: () => 100 }).on("error", ignore);
      const store = redisStore(client);
      await expect(store.set("a", "1", 60_000)).rejects.toThrow(/not ready/);
      await expect(store.set("a", "1", 60_000)).rejects.toThrow(/not ready/);
      const later = await startRedis(redisServer, [], server.port);
      onTestFinished(() => later.stop());
      onTestFinished(() => client.disconnect());
      await expect.poll(() => client.status, soon).toBe("ready");
      expect(await store.get("a")).toBeNull();
      client.disconnect();
      await later.stop();
    }
  });
});

const readiness = (client: RedisClient): boolean =>
  "isReady" in client ? client.isReady : "status" in client && client.status === "ready";
