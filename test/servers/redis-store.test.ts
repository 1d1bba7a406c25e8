import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listAll } from "../../src/stores/list-all.fixture.js";
import { redisStore } from "../../src/stores/redis.js";
import { ioredis, libraries, nodeRedis, type OpenClient } from "./redis-store/clients.js";
import { requireProgram } from "./require.js";
import { type RedisServer, startRedis } from "./start-redis.js";

const redisServer = requireProgram("redis-server");

describe.skipIf(!redisServer).each(libraries)("with $name", (library) => {
  let server: RedisServer;
  let own: OpenClient;
  beforeAll(async () => {
    server = await startRedis(redisServer);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    own = await library.open(server.url);
    await own.command("FLUSHALL");
  });
  afterEach(() => own.close());

  const store = (prefix?: string) => redisStore(own.client, prefix === undefined ? {} : { prefix });
  const list = async (prefix: string, of = store()) => await listAll(of, prefix);
  const keys = async (prefix: string, of = store()) => (await list(prefix, of)).map(({ key }) => key).sort();

  it("get, set and delete work on one key each, under the prefix", async () => {
    expect(await store().get("a")).toBeNull();
    await store().set("a", "one", 60_000);
    expect(await store().get("a")).toBe("one");
    expect(await own.command("GET", "failfast:a")).toBe("one");
    expect(await store("other").get("a")).toBeNull();
    await store().delete("a");
    expect(await own.command("EXISTS", "failfast:a")).toBe(0);
  });

  it("values live for the given time in ms, rounded up", async () => {
    await store().set("a", "one", 12_345.6);
    await store().swap?.("b", null, "one", 999);
    expect(Number(await own.command("PTTL", "failfast:a"))).toBeGreaterThan(12_000);
    expect(Number(await own.command("PTTL", "failfast:a"))).toBeLessThanOrEqual(12_346);
    await expect.poll(() => store().get("b"), { timeout: 3_000 }).toBeNull();
  });

  it("swap writes only over the expected value, and returns the stored one", async () => {
    expect(await store().swap?.("a", "none", "1", 60_000)).toMatchObject({ ok: false, value: null });
    expect(await store().swap?.("a", null, "1", 60_000)).toMatchObject({ ok: true, value: "1" });
    expect(await store().swap?.("a", null, "2", 60_000)).toMatchObject({ ok: false, value: "1" });
    expect(await store().swap?.("a", "1", "2", 60_000)).toMatchObject({ ok: true, value: "2" });
    expect(await store().get("a")).toBe("2");
  });

  it("swap distinguishes the empty string from an absent key", async () => {
    expect(await store().swap?.("a", "", "1", 60_000)).toMatchObject({ ok: false, value: null });
    expect(await store().swap?.("a", null, "", 60_000)).toMatchObject({ ok: true, value: "" });
    expect(await store().swap?.("a", null, "1", 60_000)).toMatchObject({ ok: false, value: "" });
    expect(await store().swap?.("a", "", "1", 60_000)).toMatchObject({ ok: true, value: "1" });
  });

  it("swap and list return the time of Redis, in ms", async () => {
    const [seconds] = (await own.command("TIME")) as [string];
    const swapped = await store().swap?.("a", null, "1", 60_000);
    const [entry] = await list("");
    expect(swapped?.now).toBeGreaterThanOrEqual(Number(seconds) * 1000);
    expect(swapped?.now).toBeLessThan(Number(seconds) * 1000 + 5_000);
    expect(Number.isInteger(swapped?.now)).toBe(true);
    expect(entry).toEqual({ key: "a", value: "1", now: expect.any(Number) });
    expect(entry?.now).toBeGreaterThanOrEqual(swapped?.now ?? Number.NaN);
  });

  it("keys and values may be any text, and none is interpreted", async () => {
    const texts = ["", "a b", "a\r\nb", "{x}", '"', "\\", "é€😀", "__proto__", "\u0000", "x".repeat(100_000)];
    for (const text of texts) {
      expect(await store().swap?.(text, null, text, 60_000)).toMatchObject({ ok: true, value: text });
      expect(await store().swap?.(text, text, `${text}!`, 60_000)).toMatchObject({ ok: true });
      expect(await store().get(text)).toBe(`${text}!`);
    }
    expect(await keys("")).toEqual([...texts].sort());
  });

  it("list returns every live record under a prefix, over as many pages as needed", async () => {
    const some = Array.from({ length: 2_500 }, (_, index) => `circuit:${index}`);
    await Promise.all(some.map((key) => store().set(key, key, 60_000)));
    await store().set("hold:1", "1", 60_000);
    await store("failfas").set("t:circuit:x", "1", 60_000);
    await own.command("SET", "circuit:elsewhere", "1");
    expect(await keys("circuit:")).toEqual([...some].sort());
    expect((await list("circuit:")).every(({ key, value }) => key === value)).toBe(true);
    expect(await keys("hold:")).toEqual(["hold:1"]);
    expect(await keys("nothing")).toEqual([]);
  });

  it("no character of a prefix is a pattern", async () => {
    for (const sign of ["*", "?", "[a]", "\\", "[^b]", "a-c"]) {
      const starred = store(`f${sign}`);
      await starred.set(`k${sign}1`, "1", 60_000);
      await store("fa").set("ka1", "1", 60_000);
      await store("fa").set(`k${sign}2`, "1", 60_000);
      expect(await keys("", starred)).toEqual([`k${sign}1`]);
      expect(await keys(`k${sign}`, starred)).toEqual([`k${sign}1`]);
      expect(await keys(`k${sign}`, store("fa"))).toEqual([`k${sign}2`]);
      await own.command("FLUSHALL");
    }
  });

  it("a key of another type is absent, and is overwritten", async () => {
    await own.command("RPUSH", "failfast:list", "1");
    await store().set("a", "1", 60_000);
    expect(await store().get("list")).toBe(null);
    expect(await keys("")).toEqual(["a"]);
    expect(await store().swap?.("list", "1", "2", 60_000)).toMatchObject({ ok: false, value: null });
    expect(await store().swap?.("list", null, "1", 60_000)).toMatchObject({ ok: true, value: "1" });
    expect(await keys("")).toEqual(["a", "list"]);
  });

  it.each([
    ["half a character", [0x7b, 0xc3]],
    ["bytes that begin no character", [0x80, 0xff, 0x00, 0x28]],
    ["a compressed text", [0x1f, 0x8b, 0x08, 0x00, 0xe2, 0x96, 0xf0, 0x9f]],
  ])("%s is an invalid record, which only one of those who saw it overwrites", async (_, bytes) => {
    // The text arrives as these bytes, through Latin-1 and a script.
    const put = `return redis.call('SET', KEYS[1], string.char(${bytes.join(",")}), 'PX', 60000)`;
    await own.command("EVAL", put, "1", "failfast:a");
    const seen = (await store().swap?.("a", null, "0", 60_000))?.value ?? "";
    expect(seen).toContain("\ufffd");
    const swaps = await Promise.all(["1", "2"].map((text) => store().swap?.("a", seen, text, 60_000)));
    expect(swaps.map((swap) => swap?.ok).sort()).toEqual([false, true]);
    expect(await store().swap?.("a", "no", "é€😀", 60_000)).toMatchObject({ ok: false });
    expect(await store().swap?.("a", (await store().get("a")) ?? "", "é€😀", 60_000)).toMatchObject({
      ok: true,
    });
    expect(await store().swap?.("a", "\ufffd", "4", 60_000)).toMatchObject({ ok: false, value: "é€😀" });
  });

  it("the client's own keyPrefix precedes the store's prefix, in every verb and in both libraries", async () => {
    const prefixed = await library.open(server.url, { keyPrefix: "app[1]:" });
    const other = await (library === ioredis ? nodeRedis : ioredis).open(server.url, {
      keyPrefix: "app[1]:",
    });
    const here = redisStore(prefixed.client);
    const there = redisStore(other.client);
    await here.set("a", "1", 60_000);
    expect(await own.command("GET", "app[1]:failfast:a")).toBe("1");
    expect(await there.swap?.("a", "1", "2", 60_000)).toMatchObject({ ok: true });
    expect(await here.get("a")).toBe("2");
    expect(await list("", here)).toMatchObject([{ key: "a", value: "2" }]);
    expect(await keys("")).toEqual([]);
    await here.delete("a");
    expect(await there.get("a")).toBeNull();
    prefixed.close();
    other.close();
  });

  it("a client that speaks RESP2 works too", async () => {
    const old = await library.open(server.url, { resp: 2 });
    const there = redisStore(old.client);
    expect(await there.swap?.("a", null, "1", 60_000)).toMatchObject({ ok: true, value: "1" });
    expect(await there.swap?.("a", null, "1", 60_000)).toMatchObject({ ok: false, value: "1" });
    expect(await list("", there)).toMatchObject([{ key: "a", value: "1" }]);
    old.close();
  });
});
