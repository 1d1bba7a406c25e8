import Memcached from "memcached";
import { describe, expect, onTestFinished, test } from "vitest";
import { memcachedStore } from "../../../src/stores/memcached.js";
import { requireProgram } from "../require.js";
import { startToxicProxy } from "../toxic-proxy/proxy.js";
import { nodeMemcached, raw, startMemcached } from "./start-memcached.js";

const memcached = requireProgram("memcached");

describe.skipIf(!memcached)("a command of the package memcached", () => {
  test("fails if its connection is lost, and the next one succeeds", async () => {
    const server = await startMemcached(memcached);
    onTestFinished(() => server.stop());
    const proxy = await startToxicProxy(server.port);
    onTestFinished(() => proxy.close());
    const { store, close } = nodeMemcached.open(proxy.port);
    onTestFinished(() => void close());
    await store.set("a", "1", 60_000);
    const remove = await proxy.add({ kind: "timeout" }, "down");
    const lost = expect(Promise.resolve(store.get("a"))).rejects.toThrow(/no answer within 1000 ms/);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await remove();
    await lost;
    await expect
      .poll(() => Promise.resolve(store.get("a")).catch(() => "refused"), { timeout: 20_000 })
      .toBe("1");
  });

  test("that reads from several servers, one of which is down, returns what the others have", async () => {
    const servers = [await startMemcached(memcached), await startMemcached(memcached)] as const;
    for (const server of servers) onTestFinished(() => server.stop());
    const client = new Memcached(
      servers.map(({ port }) => `127.0.0.1:${port}`),
      { timeout: 500, retries: 0, retry: 100, failures: 1e9 },
    );
    onTestFinished(() => client.end());
    const store = memcachedStore(client);
    const keys = Array.from({ length: 20 }, (_, at) => `key ${at}`);
    for (const key of keys) await store.set(key, key, 60_000);
    const kept = Number(/curr_items (\d+)/.exec(await raw(servers[0].port, "stats"))?.[1]);
    expect([0, 20]).not.toContain(kept);
    await servers[1].stop();
    const found = await Promise.allSettled(keys.map(async (key) => store.get(key)));
    expect(found.filter(({ status }) => status === "fulfilled")).toHaveLength(kept);
    for (const [at, each] of found.entries())
      expect(each).toMatchObject(
        each.status === "fulfilled" ? { value: keys[at] } : { reason: expect.any(Error) },
      );
  });
});
