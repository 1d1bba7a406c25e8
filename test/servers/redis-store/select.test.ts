import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { redisStore } from "../../../src/stores/redis.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { libraries, type OpenClient, remember, soon } from "./clients.js";

const redisServer = requireProgram("redis-server");

describe.skipIf(!redisServer).each(libraries)(
  "a client of $name that selects another database",
  (library) => {
    let server: RedisServer;
    let client: OpenClient;
    let other: OpenClient;
    const handles: AsyncDisposable[] = [];
    beforeAll(async () => {
      server = await startRedis(redisServer);
    });
    afterAll(() => server.stop());
    beforeEach(async () => {
      client = await library.open(server.url);
      other = await library.open(`${server.url}/3`);
      await other.command("FLUSHALL");
    });
    afterEach(async () => {
      for (const handle of handles.splice(0)) await handle[Symbol.asyncDispose]();
      client.close();
      other.close();
    });

    const select = (database: number): Promise<unknown> =>
      (client.client as { select(database: number): Promise<unknown> }).select(database);
    const watch = async (of: OpenClient) => {
      const seen = remember();
      const handle = await redisStore(of.client).watch?.("", seen);
      if (handle) handles.push(handle);
      return seen;
    };

    it("before it is used is in one fleet with clients of that database", async () => {
      await select(3);
      const [here, there] = [await watch(client), await watch(other)];
      await redisStore(client.client).set("a", "1", 60_000);
      await redisStore(other.client).set("b", "2", 60_000);
      await expect.poll(() => here.changes.map(({ key }) => key), soon).toEqual(["a", "b"]);
      await expect.poll(() => there.changes.map(({ key }) => key), soon).toEqual(["a", "b"]);
    });

    it("while it is used writes and listens there from the next command on, and that is a gap", async () => {
      const store = redisStore(client.client);
      const seen = remember();
      const handle = await store.watch?.("", seen);
      if (handle) handles.push(handle);
      const there = await watch(other);
      await select(3);
      await store.list?.("");
      await expect.poll(() => seen.gaps, soon).toBe(1);
      await store.set("a", "1", 60_000);
      await redisStore(other.client).set("b", "2", 60_000);
      await expect.poll(() => seen.changes.map(({ key }) => key), soon).toEqual(["a", "b"]);
      await expect.poll(() => there.changes.map(({ key }) => key), soon).toEqual(["a", "b"]);
    });

    it("gets no more changes of the old database", async () => {
      const store = redisStore(client.client);
      const seen = remember();
      const handle = await store.watch?.("", seen);
      if (handle) handles.push(handle);
      await select(3);
      await store.list?.("");
      await expect.poll(() => seen.gaps, soon).toBe(1);
      const left = await library.open(server.url);
      await redisStore(left.client).set("a", "elsewhere", 60_000);
      await redisStore(other.client).set("b", "2", 60_000);
      await expect.poll(() => seen.changes.map(({ value }) => value), soon).toEqual(["2"]);
      left.close();
    });

    it("stays in it after its connection was lost", async () => {
      await select(3);
      const seen = await watch(client);
      const store = redisStore(client.client);
      await other.command("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES");
      await expect
        .poll(() => Promise.resolve(store.set("a", "1", 60_000)).then(() => "written", String), soon)
        .toBe("written");
      expect(await other.command("GET", "failfast:a")).toBe("1");
      // A write while it reconnects falls into a gap; the next one is pushed.
      const pushed = async (): Promise<string[]> => {
        await Promise.resolve(store.set("a", "1", 60_000)).catch(() => undefined);
        return seen.changes.map(({ key }) => key);
      };
      await expect.poll(pushed, soon).toContain("a");
    });
  },
);
