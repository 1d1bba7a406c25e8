import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Store, SwapResult } from "../../../src/options/store.js";
import { NAMES, READ, WRITE } from "../../../src/stores/redis/script.js";
import { redisStore } from "../../../src/stores/redis.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { libraries, type OpenClient } from "./clients.js";

const redisServer = requireProgram("redis-server");

describe.skipIf(!redisServer)("swap", () => {
  let server: RedisServer;
  let open: readonly OpenClient[];
  beforeAll(async () => {
    server = await startRedis(redisServer);
    open = await Promise.all(libraries.map((library) => library.open(server.url)));
  });
  afterAll(async () => {
    for (const { close } of open) close();
    await server.stop();
  });

  it("is atomic: 8 swappers on each of 2 clients lose no increment", async () => {
    const each = 25;
    const swapper = async (store: Store): Promise<void> => {
      let stored: string | null = null;
      for (let done = 0; done < each; ) {
        const result: SwapResult | undefined = await store.swap?.(
          "counter",
          stored,
          String(Number(stored) + 1),
          60_000,
        );
        if (result?.ok) done += 1;
        stored = result?.value ?? null;
      }
    };
    const stores = open.map(({ client }) => redisStore(client));
    await Promise.all(stores.flatMap((store) => Array.from({ length: 8 }, () => swapper(store))));
    expect(await stores[0]?.get("counter")).toBe(String(each * 8 * stores.length));
  });

  it("lets exactly one of many at once win for one key, and all get its value", async () => {
    const stores = open.map(({ client }) => redisStore(client));
    for (let round = 0; round < 50; round += 1) {
      const results = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          stores[index % stores.length]?.swap?.(`round:${round}`, null, String(index), 60_000),
        ),
      );
      const winners = results.flatMap((result, index) => (result?.ok ? [String(index)] : []));
      expect(winners).toHaveLength(1);
      expect(new Set(results.map((result) => result?.value))).toEqual(new Set(winners));
    }
  });

  it("goes on if Redis has forgotten its scripts, and otherwise calls them by hash", async () => {
    for (const { client, command } of open) {
      const store = redisStore(client);
      await command("SCRIPT", "FLUSH");
      await command("CONFIG", "RESETSTAT");
      await command("DEL", "failfast:a");
      expect(await store.swap?.("a", null, "1", 60_000)).toMatchObject({ ok: true });
      expect(await store.swap?.("a", "1", "2", 60_000)).toMatchObject({ ok: true });
      await store.set("a", "3", 60_000);
      const calls = String(await command("INFO", "commandstats"));
      expect(calls).toMatch(/cmdstat_eval:calls=1,/);
      expect(calls).toMatch(/cmdstat_evalsha:calls=3,/);
    }
  });

  it.each([WRITE, READ, NAMES])("calls its script by the SHA-1 of its text: $sha1", ({ text, sha1 }) => {
    expect(createHash("sha1").update(text).digest("hex")).toBe(sha1);
  });
});
