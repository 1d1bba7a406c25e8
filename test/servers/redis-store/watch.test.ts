import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { StoreWatcher } from "../../../src/options/store.js";
import { redisStore } from "../../../src/stores/redis.js";
import { requireProgram } from "../require.js";
import { freePort } from "../server-process.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { libraries, type OpenClient, protocols, remember, soon } from "./clients.js";

const redisServer = requireProgram("redis-server");
describe.skipIf(!redisServer).each(protocols)("watch with $name", ({ library, settings }) => {
  let server: RedisServer;
  let writer: OpenClient;
  let reader: OpenClient;
  const handles: AsyncDisposable[] = [];
  beforeAll(async () => {
    server = await startRedis(redisServer);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    writer = await library.open(server.url, settings);
    reader = await library.open(server.url, settings);
    await writer.command("FLUSHALL");
  });
  afterEach(async () => {
    for (const handle of handles.splice(0)) await handle[Symbol.asyncDispose]();
    writer.close();
    reader.close();
  });

  const watch = async (of: OpenClient, on: StoreWatcher, start = "", prefix = "failfast") => {
    const handle = await redisStore(of.client, { prefix }).watch?.(start, on);
    if (handle) handles.push(handle);
    return handle;
  };
  const subscribers = async () => {
    const clients = String(await writer.command("CLIENT", "LIST", "TYPE", "PUBSUB"));
    return clients.split("\n").filter((line) => line !== "").length;
  };

  it("delivers a swap and a set with the value and Redis's clock, and no swap that lost", async () => {
    const seen = remember();
    await watch(reader, seen);
    const store = redisStore(writer.client);
    const first = await store.swap?.("a", null, "one", 60_000);
    await store.swap?.("a", null, "lost", 60_000);
    await store.set("b", '{"a":"\\"é\\u0000"}', 60_000);
    await expect.poll(() => seen.changes.length, soon).toBe(2);
    expect(seen.changes).toEqual([
      { key: "a", value: "one", now: first?.now },
      { key: "b", value: '{"a":"\\"é\\u0000"}', now: expect.any(Number) },
    ]);
    expect(seen.gaps).toBe(0);
  });

  it("is live when it resolves: a write right after it is delivered", async () => {
    for (let round = 0; round < 20; round += 1) {
      const seen = remember();
      const handle = await watch(reader, seen);
      await redisStore(writer.client).set("a", String(round), 60_000);
      await expect.poll(() => seen.changes.map(({ value }) => value), soon).toEqual([String(round)]);
      await handle?.[Symbol.asyncDispose]();
    }
  });

  it("delivers only keys of the watched prefix, this database and this keyPrefix", async () => {
    const seen = remember();
    await watch(reader, seen, "circuit:");
    const otherDatabase = await library.open(`${server.url}/1`, settings);
    const otherKeys = await library.open(server.url, { ...settings, keyPrefix: "app:" });
    await redisStore(otherDatabase.client).set("circuit:a", "another database", 60_000);
    await redisStore(otherKeys.client).set("circuit:a", "another keyPrefix", 60_000);
    await redisStore(writer.client, { prefix: "other" }).set("circuit:a", "another prefix", 60_000);
    await redisStore(writer.client).set("hold:a", "another key", 60_000);
    await redisStore(writer.client).set("circuit:a", "mine", 60_000);
    await expect.poll(() => seen.changes.map(({ value }) => value), soon).toEqual(["mine"]);
    otherDatabase.close();
    otherKeys.close();
  });

  it("delivers changes between watchers with the same keyPrefix", async () => {
    const here = await library.open(server.url, { ...settings, keyPrefix: "app:" });
    const seen = remember();
    await watch(here, seen);
    await redisStore(here.client).set("a", "1", 60_000);
    await expect.poll(() => seen.changes, soon).toMatchObject([{ key: "a", value: "1" }]);
    here.close();
  });

  it("treats a message of another program as a gap", async () => {
    const seen = remember();
    await watch(reader, seen);
    for (const text of ["", "no json", "{}", "null", "7", '["a","1"]', '["a",1,1]', '["a","1","1"]']) {
      const before = seen.gaps;
      await writer.command("PUBLISH", "failfast@0", text);
      await expect.poll(() => seen.gaps, soon).toBe(before + 1);
    }
    expect(seen.changes).toEqual([]);
  });

  it("reports nothing more once disposed, leaves no connection, and may be disposed again", async () => {
    const seen = remember();
    const handle = await watch(reader, seen);
    expect(await subscribers()).toBe(1);
    await handle?.[Symbol.asyncDispose]();
    await handle?.[Symbol.asyncDispose]();
    await redisStore(writer.client).set("a", "1", 60_000);
    await expect.poll(subscribers, soon).toBe(0);
    expect(seen).toMatchObject({ changes: [], gaps: 0 });
  });

  it("is independent of other watches", async () => {
    const [one, two] = [remember(), remember()];
    const first = await watch(reader, one);
    await watch(reader, two);
    await first?.[Symbol.asyncDispose]();
    await redisStore(writer.client).set("a", "1", 60_000);
    await expect.poll(() => two.changes.length, soon).toBe(1);
    expect(one.changes).toEqual([]);
  });
});

describe.skipIf(!redisServer).each(libraries)(
  "watch with $name, before the caller's client is connected",
  (library) => {
    it("rejects if nothing listens", async () => {
      const client = library.unconnected(`redis://127.0.0.1:${await freePort()}`);
      const seen = remember();
      await expect(redisStore(client).watch?.("", seen)).rejects.toThrow(
        /could not subscribe to the Redis channel "failfast@0": .*(ECONNREFUSED|closed)/,
      );
    });

    it("works, because it has its own connection", async () => {
      const server = await startRedis(redisServer);
      onTestFinished(() => server.stop());
      const seen = remember();
      const store = redisStore(library.unconnected(server.url));
      const handle = await store.watch?.("", seen);
      onTestFinished(() => handle?.[Symbol.asyncDispose]());
      const writer = await library.open(server.url);
      onTestFinished(() => writer.close());
      await redisStore(writer.client).set("a", "1", 60_000);
      await expect.poll(() => seen.changes.length, soon).toBe(1);
    });
  },
);
