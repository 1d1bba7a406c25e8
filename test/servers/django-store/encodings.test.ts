import { createHash } from "node:crypto";
import { createClient } from "redis";
import { describe, expect, it } from "vitest";
import { createFailfast } from "../../../src/index.js";
import { LOOK, MARK } from "../../../src/stores/django/redis.js";
import { djangoCacheStore, djangoRedis } from "../../../src/stores/django.js";
import { type AtEnd, atEndOf } from "../at-end.js";
import { raw } from "../memcached-store/start-memcached.js";
import { ignore } from "../redis-store/clients.js";
import { requireProgram } from "../require.js";
import { startRedis } from "../start-redis.js";
import { combinations } from "./caches.js";
import { startPython } from "./start-python.js";

const soon = { timeout: 40_000, interval: 20 };
const PICKLED = "\x80\x05\x88.";

/** Values that would open the circuit, except that Python raises in every call that reads them. */
const RAISING: Readonly<Record<string, readonly (readonly [bytes: string, flags?: number])[]>> = {
  "RedisCache, with node-redis": [['{"open":true}'], ["open"], ["true"], [""], ["1.5"]],
  "django-redis, with ioredis": [['{"open":true}'], ["open"], ["true"], [""]],
  "django-redis in JSON, with node-redis": [[PICKLED], ["open"], [""]],
  "django-redis with zlib, with node-redis": [['{"open":true}'], ["open"], ["true"]],
  // How the package memcached writes a number, true, and bytes.
  "PyLibMCCache, with memcached": [
    ["1", 8],
    ["true", 2],
  ],
  "DatabaseCache on PostgreSQL, with pg": [["1"], ["1767225600000"], ["true"], ['{"open":true}']],
  "DatabaseCache on SQLite, with better-sqlite3": [["1"], ["1767225600000"], ["true"], ['{"open":true}']],
};

describe.concurrent.each(combinations.filter(({ name, django }) => django && name in RAISING))(
  "a value that raises in Python, in $name,",
  ({ name, django = { newer: false }, start }) => {
    it("is never written here, opens the circuit here without an exception, and goes with a reset here", async (context) => {
      const { expect } = context;
      const atEnd = atEndOf(context);
      const server = await start();
      atEnd(() => server.stop());
      const python = startPython(server.settings, django);
      atEnd(() => python.stop());
      await python.ask("migrate");
      const reached = await server.reach();
      atEnd(() => reached.close());
      const store = djangoCacheStore(reached.cache, { records: reached.records });
      const failfast = createFailfast({ store });
      atEnd(() => failfast.close());
      const down: unknown[] = [];
      failfast.on("store-down", ({ error }) => down.push(error));

      for (const [at, [bytes, flags]] of (RAISING[name] ?? []).entries()) {
        const circuit = failfast(`circuit${at}`, 60);
        const key = String(await python.ask("key", circuit.name));
        await expect.poll(async () => (await circuit.trip()).stored, soon).toBe(true);
        expect(await python.ask("broken", circuit.name)).toBe(true);
        expect(await reached.bytes(key)).not.toBe(bytes);
        await expect.poll(async () => (await circuit.reset()).stored, soon).toBe(true);
        expect(await python.ask("broken", circuit.name)).toBe(false);

        if (flags === undefined) await reached.put(key, bytes, 300);
        else await raw(portOf(server.settings), `set ${key} ${flags} 300 ${bytes.length}\r\n${bytes}`);
        await expect(python.ask("broken", circuit.name)).rejects.toThrow("Python raised");
        await expect.poll(() => circuit.state, soon).toBe("open");
        await expect.poll(async () => (await circuit.reset()).stored, soon).toBe(true);
        expect(await python.ask("broken", circuit.name)).toBe(false);
      }
      // Apart from slowness, no error was reported.
      expect(down.filter((error) => !/(no|not) answer/.test(String(error)))).toEqual([]);
    });
  },
);

const portOf = ({ CACHES }: { readonly CACHES: { readonly default: Record<string, unknown> } }): number =>
  Number(String(CACHES.default["LOCATION"]).split(":")[1]);

const redisServer = requireProgram("redis-server");

describe.skipIf(!redisServer)("a key of Django's in Redis", () => {
  /** A client of a server of its own. */
  async function connect(atEnd: AtEnd) {
    const server = await startRedis(redisServer);
    atEnd(() => server.stop());
    const client = await createClient({ url: server.url }).on("error", ignore).connect();
    atEnd(() => client.destroy());
    return client;
  }

  it("of another type opens the circuit until it expires", async (context) => {
    const client = await connect(atEndOf(context));
    const store = djangoCacheStore(djangoRedis(client));
    await client.lPush(":1:shop", "x");
    await client.pExpire(":1:shop", 300_000);
    expect(JSON.parse((await store.get("circuit:shop")) ?? "")).toMatchObject({ state: "open" });
    await store.set("circuit:shop", closed(), 60_000);
    expect(await client.exists(":1:shop")).toBe(0);
  });

  it("is left alone by names that Python can't have, and by keys that are no circuit's", async (context) => {
    const atEnd = atEndOf(context);
    const client = await connect(atEnd);
    const failfast = createFailfast({ store: djangoCacheStore(djangoRedis(client)) });
    atEnd(() => failfast.close());
    for (const name of ["x".repeat(1_000), "\ud83d"]) {
      expect(await failfast(name, 60).trip()).toEqual({ stored: true });
      expect(failfast(name).state).toBe("open");
    }
    expect(await client.dbSize()).toBe(0);
    await failfast("ünï ☃", 60).trip();
    expect(await client.keys("*")).toEqual([":1:ünï ☃"]);
  });

  it("is read by scripts whose hashes are right", () => {
    for (const { text, sha1 } of [LOOK, MARK])
      expect(createHash("sha1").update(text).digest("hex")).toBe(sha1);
  });
});

const closed = (): string => {
  const revision = Date.now();
  return JSON.stringify({ v: 1, revision, generation: revision, nonce: "n", state: "closed", at: revision });
};
