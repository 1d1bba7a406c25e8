import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { StoreListing } from "../../../src/options/store.js";
import { redisStore } from "../../../src/stores/redis.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { ioredis, type OpenClient, soon } from "./clients.js";

const redisServer = requireProgram("redis-server");

describe.skipIf(!redisServer)("a list since a cursor", () => {
  let server: RedisServer;
  let open: OpenClient;
  beforeAll(async () => {
    server = await startRedis(redisServer);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    open = await ioredis.open(server.url);
    await open.command("FLUSHALL");
  });
  afterEach(() => open.close());

  const list = async (since?: string): Promise<StoreListing> =>
    (await redisStore(open.client).list?.("", since)) as StoreListing;
  const keys = ({ entries }: StoreListing): string[] => [...entries].map(({ key }) => key).sort();
  const set = (key: string, ttlMs = 60_000) => redisStore(open.client).set(key, "value", ttlMs);

  it("has everything again after Redis was emptied, even if it was written to since", async () => {
    await set("a");
    const { cursor } = await list();
    await open.command("FLUSHALL");
    expect(await list(cursor)).toMatchObject({ entries: [], complete: true });
    await set("b");
    await set("c");
    const again = await list(cursor);
    expect([keys(again), again.complete]).toEqual([["b", "c"], true]);
  });

  it("has everything again from another server, or after a restart", async () => {
    await open.command("CONFIG", "SET", "save", "3600 1");
    await set("a");
    const { cursor } = await list();
    await open.command("SAVE");
    await set("lost");
    const newer = (await list()).cursor;
    await server.restart();
    await expect.poll(() => list(newer).catch(String), soon).toMatchObject({ complete: true });
    expect(keys(await list(newer))).toEqual(["a"]);
    expect((await list(cursor)).complete).toBe(true);
  });

  it("has everything again after the index was lost; a refused write adds its record to the index again", async () => {
    await set("a");
    const { cursor } = await list();
    await open.command("DEL", "failfast:@index");
    expect(await redisStore(open.client).swap?.("a", null, "other", 60_000)).toMatchObject({ ok: false });
    const again = await list(cursor);
    expect([keys(again), again.complete]).toEqual([["a"], true]);
  });

  it("has no record of a refused write", async () => {
    await set("a");
    const { cursor } = await list();
    await redisStore(open.client).swap?.("a", "something else", "other", 60_000);
    expect(keys(await list(cursor))).toEqual([]);
  });

  it("goes on if Redis's clock was set back", async () => {
    await set("a");
    const later = String(Date.now() * 1_000 + 60_000_000);
    await open.command("ZADD", "failfast:@index", later, "last", later, "ca");
    const { cursor } = await list();
    await set("b");
    expect(keys(await list(cursor))).toEqual(["b"]);
  });

  it("comes from an index without names that have expired", async () => {
    for (const key of ["a", "b", "c"]) await set(key, 20);
    await expect.poll(async () => keys(await list())).toEqual([]);
    await set("d");
    expect(await open.command("ZRANGE", "failfast:@index", "0", "-1")).toEqual(["xd", "born", "cd", "last"]);
  });

  it("gets thousands of names in pages, and what changes between two pages once, with its newest value", async () => {
    const names = Array.from({ length: 2_500 }, (_, at) => `name ${at}`);
    await Promise.all(names.map((name) => set(name)));
    const answers: number[] = [];
    const { client } = open as unknown as { client: { call(...command: string[]): Promise<unknown> } };
    const listening = Object.assign(Object.create(client), {
      async call(...command: string[]): Promise<unknown> {
        const answer = await client.call(...command);
        const [, page] = answer as [unknown, unknown[]];
        answers.push(page.length);
        if (answers.length > 1) return answer;
        await redisStore(open.client).set("name 0", "newer", 60_000);
        await redisStore(open.client).delete("name 1");
        return answer;
      },
    });
    const listed = (await redisStore(listening).list?.("")) as StoreListing;
    expect(keys(listed)).toEqual(names.filter((name) => name !== "name 1").sort());
    expect([...listed.entries].find(({ key }) => key === "name 0")?.value).toBe("newer");
    expect(answers[0]).toBe(1_000);
    expect(Math.max(...answers)).toBeLessThan(2_500);
    expect(listed.complete).toBe(true);
    expect(keys(await list(listed.cursor))).toEqual([]);
    await Promise.all(names.slice(0, 1_800).map((name) => set(name)));
    const changed = await list(listed.cursor);
    expect([keys(changed), changed.complete]).toEqual([names.slice(0, 1_800).sort(), false]);
  });

  it("costs one command if nothing changed, and nothing for other keys of the database", async () => {
    await set("a");
    const { cursor } = await list();
    for (let at = 0; at < 1_000; at += 1) await open.command("SET", `other:${at}`, "value");
    await open.command("CONFIG", "RESETSTAT");
    await list(cursor);
    const stats = String(await open.command("INFO", "commandstats"));
    expect(stats).toMatch(/cmdstat_evalsha:calls=1,/);
    expect(stats).not.toMatch(/cmdstat_(scan|keys|mget|get):/);
  });
});
