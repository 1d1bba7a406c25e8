import { describe, expect, test } from "vitest";
import { requireProgram } from "../require.js";
import { startToxicProxy } from "../toxic-proxy/proxy.js";
import { nodeMemcached, startMemcached } from "./start-memcached.js";

const memcached = requireProgram("memcached");

describe.skipIf(!memcached)("a command of the package memcached", () => {
  test("that is lost with its connection is an error, and the next one goes through", async () => {
    const server = await startMemcached(memcached);
    const proxy = await startToxicProxy(server.port);
    const { store, close } = nodeMemcached.open(proxy.port);
    await store.set("a", "1", 60_000);
    const remove = await proxy.add({ kind: "timeout" }, "down");
    const lost = expect(Promise.resolve(store.get("a"))).rejects.toThrow(/no answer within 1000 ms/);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await remove();
    await lost;
    await expect
      .poll(() => Promise.resolve(store.get("a")).catch(() => "refused"), { timeout: 20_000 })
      .toBe("1");
    close();
    await proxy.close();
    await server.stop();
  });
});
