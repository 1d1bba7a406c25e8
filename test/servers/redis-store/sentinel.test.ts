import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { listAll } from "../../../src/stores/list-all.fixture.js";
import { redisStore } from "../../../src/stores/redis.js";
import { storeContract } from "../../../src/testing/index.js";
import { requireProgram } from "../require.js";
import { remember, soon } from "./clients.js";
import {
  contractLibraries,
  type SentinelLibrary,
  type Sentinels,
  sentinelLibraries,
  startSentinels,
} from "./sentinel.js";

const redisServer = requireProgram("redis-server");
// A store that was down is asked again after half a minute at the latest, and each of two processes has to ask.
const healed = { timeout: 90_000, interval: 50 };

describe.skipIf(!redisServer).each(sentinelLibraries)("$name", (library) => {
  let sentinels: Sentinels;
  let opened: (() => unknown)[];
  beforeEach(async () => {
    opened = [];
    sentinels = await startSentinels(redisServer ?? "");
  });
  afterEach(async () => {
    for (const close of opened.reverse()) await close();
    await sentinels.stop();
  });

  const open = async (of: SentinelLibrary = library, keyPrefix = "") => {
    const { client, close } = await of.open(sentinels.ports, keyPrefix);
    opened.push(close);
    return redisStore(client);
  };
  const process = async (of: SentinelLibrary = library): Promise<Failfast> => {
    const failfast = createFailfast({ store: await open(of) });
    opened.push(() => failfast.close());
    failfast("shop", 60);
    failfast("bank", 60);
    await failfast.ready();
    return failfast;
  };

  it("keeps records on the master, with the client's own keyPrefix and database", async () => {
    const store = await open(library, "app:");
    const seen = remember();
    const handle = await store.watch?.("", seen);
    opened.push(() => handle?.[Symbol.asyncDispose]());
    await store.set("a", "1", 60_000);
    expect(await store.get("a")).toBe("1");
    expect(await listAll(store)).toMatchObject([{ key: "a", value: "1" }]);
    await expect.poll(() => seen.changes, soon).toMatchObject([{ key: "a", value: "1" }]);
    const port = await sentinels.master();
    expect(await sentinels.command(port, "PUBSUB", "CHANNELS", "app:*")).toEqual(["app:failfast@2"]);
    expect(String(await sentinels.command(port, "INFO", "keyspace"))).toMatch(/db2:keys=2/);
  });

  it.each(["failover", "freeze"] as const)(
    "survives a %s of the master: calls go on, open circuits stay open, and the fleet agrees on the new master",
    async (loss) => {
      const [a, b] = [await process(), await process(other(library))];
      await a("shop").trip();
      await expect.poll(() => b("shop").state, soon).toBe("open");
      const elected = sentinels[loss]();
      for (const each of [a, b]) expect(await each("bank").run(async () => "served")).toBe("served");
      await expect(a("bank").run(fail)).rejects.toThrow("backend");
      await elected;
      await expect.poll(() => b("bank").state, healed).toBe("open");
      expect([a("shop").state, b("shop").state]).toEqual(["open", "open"]);
      await expect.poll(async () => (await b("shop").reset()).stored, healed).toBe(true);
      await expect.poll(() => a("shop").state, soon).toBe("closed");
    },
  );

  it("has its subscription live again after a failover, and reports a gap", async () => {
    const store = await open();
    const seen = remember();
    const handle = await store.watch?.("", seen);
    opened.push(() => handle?.[Symbol.asyncDispose]());
    await sentinels.failover();
    await expect.poll(() => seen.gaps, healed).toBeGreaterThan(0);
    const late = await open();
    await late.set("a", "1", 60_000);
    await expect.poll(() => seen.changes, soon).toMatchObject([{ key: "a", value: "1" }]);
  });
});

describe.skipIf(!redisServer).each(contractLibraries)("the store contract with $name", (library) => {
  let sentinels: Sentinels;
  beforeAll(async () => {
    sentinels = await startSentinels(redisServer ?? "");
  });
  afterAll(() => sentinels.stop());
  const makeStore = async () => {
    const { client, close } = await library.open(sentinels.ports);
    return { store: redisStore(client), close: async () => void (await close()) };
  };
  for (const { name, run } of storeContract(makeStore)) test.concurrent(name, run);
});

/** Another library, for a fleet of both. */
const other = (library: SentinelLibrary): SentinelLibrary | undefined =>
  sentinelLibraries.find(({ name }) => name.includes("node-redis") !== library.name.includes("node-redis"));
const fail = (): Promise<never> => Promise.reject(new Error("backend"));
