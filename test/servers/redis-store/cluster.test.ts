import { createCluster } from "redis";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  test,
} from "vitest";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { listAll } from "../../../src/stores/list-all.fixture.js";
import { redisStore } from "../../../src/stores/redis.js";
import { storeContract } from "../../../src/testing/index.js";
import { requireProgram } from "../require.js";
import { remember, soon } from "./clients.js";
import { clusterLibraries, type RedisCluster, startCluster } from "./cluster.js";

const redisServer = requireProgram("redis-server");
// A store that was down is asked again after half a minute at the latest, and each of two processes has to ask.
const healed = { timeout: 90_000, interval: 50 };

describe.skipIf(!redisServer).each(clusterLibraries)("$name", (library) => {
  let cluster: RedisCluster;
  const opened: (() => unknown)[] = [];
  beforeAll(async () => {
    cluster = await startCluster(redisServer);
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    for (const port of cluster.ports) await cluster.command(port, "FLUSHALL");
  });
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  });

  const open = async (prefix = "failfast", keyPrefix = "") => {
    const { client, close } = await library.open(cluster.ports, keyPrefix);
    opened.push(close);
    return redisStore(client, { prefix });
  };
  const process = async (): Promise<Failfast> => {
    const failfast = createFailfast({ store: await open() });
    opened.push(() => failfast.close());
    failfast("shop", 60);
    failfast("bank", 60);
    await failfast.ready();
    return failfast;
  };
  const elsewhere = async (key: string): Promise<number> => {
    const owner = await cluster.ownerOf(key);
    return cluster.ports.find((port) => port !== owner) ?? 0;
  };
  const list = async (store: Awaited<ReturnType<typeof open>>) =>
    (await listAll(store)).map(({ key, value }) => `${key}=${value}`).sort();

  it("keeps a key for each record, and the index, in one slot", async () => {
    const store = await open();
    await store.set("circuit:a", "1", 60_000);
    await store.set("circuit:b", "2", 60_000);
    const owner = await cluster.ownerOf("{failfast}");
    const keys = (await cluster.command(owner, "KEYS", "*")) as string[];
    expect(keys.sort()).toEqual(["{failfast}:@index", "{failfast}:circuit:a", "{failfast}:circuit:b"]);
    expect(await list(store)).toEqual(["circuit:a=1", "circuit:b=2"]);
  });

  it("leaves a prefix that has a hash tag unchanged", async () => {
    const store = await open("app:{eu}");
    await store.set("a", "1", 60_000);
    expect(await cluster.command(await cluster.ownerOf("{eu}"), "GET", "app:{eu}:a")).toBe("1");
    expect(await list(store)).toEqual(["a=1"]);
  });

  it.each(["a{b", "a}b", "{}", "a{}b"])(
    "accepts %s as a prefix, which can't be made a hash tag",
    async (prefix) => {
      const store = await open(prefix);
      await store.set("a", "1", 60_000);
      expect(await list(store)).toEqual(["a=1"]);
    },
  );

  it("puts the client's own keyPrefix first, and notifies only watchers with the same one", async () => {
    const [plain, prefixed] = [await open(), await open("failfast", "app:")];
    const [seen, seenPrefixed] = [remember(), remember()];
    for (const [store, on] of [
      [plain, seen],
      [prefixed, seenPrefixed],
    ] as const) {
      const handle = await store.watch?.("", on);
      opened.push(() => handle?.[Symbol.asyncDispose]());
    }
    await prefixed.set("a", "1", 60_000);
    const owner = await cluster.ownerOf("{failfast}");
    expect(await cluster.command(owner, "GET", "app:{failfast}:a")).toBe("1");
    await expect.poll(() => seenPrefixed.changes.length, soon).toBe(1);
    await plain.set("b", "2", 60_000);
    await expect.poll(() => seen.changes.map(({ key }) => key), soon).toContain("b");
    expect(seen.changes.map(({ key }) => key)).not.toContain("a");
  });

  it("notifies watchers at any master", async () => {
    const watchers = await Promise.all(Array.from({ length: 8 }, () => open()));
    const seen = watchers.map(() => remember());
    for (const [index, store] of watchers.entries()) {
      const handle = await store.watch?.("", seen[index] ?? remember());
      opened.push(() => handle?.[Symbol.asyncDispose]());
    }
    await (await open()).set("a", "1", 60_000);
    for (const { changes } of seen) await expect.poll(() => changes.length, soon).toBe(1);
  });

  it("reads from masters only, even if the client prefers replicas", async () => {
    const store = await open();
    await store.set("a", "1", 60_000);
    await cluster.command(cluster.replica.port, "CONFIG", "RESETSTAT");
    expect(await store.get("a")).toBe("1");
    expect(await list(store)).toEqual(["a=1"]);
    const calls = String(await cluster.command(cluster.replica.port, "INFO", "commandstats"));
    expect(calls).not.toMatch(/cmdstat_(get|mget|zrange|eval|evalsha):/);
  });

  it("goes on while the slot is moved, at every stage of the move", async () => {
    const store = await open();
    for (const key of ["a", "b", "c", "d"]) await store.set(key, "1", 60_000);
    const migration = await cluster.move("{failfast}", await elsewhere("{failfast}"));
    for (const step of ["2", "3", "4", "5"]) {
      for (const key of ["a", "b", "c", "d"]) {
        expect(await store.get(key)).toBe(String(Number(step) - 1));
        expect(await store.swap?.(key, String(Number(step) - 1), step, 60_000)).toMatchObject({ ok: true });
      }
      expect(await list(store)).toEqual(["a", "b", "c", "d"].map((key) => `${key}=${step}`));
      await migration.keys(2);
    }
    await migration.finish();
    expect(await store.swap?.("a", "5", "6", 60_000)).toMatchObject({ ok: true, value: "6" });
    expect(await list(store)).toEqual(["a=6", "b=5", "c=5", "d=5"]);
  });

  it("keeps a fleet in agreement before, during and after a move of the slot, and no call fails", async () => {
    const [a, b] = [await process(), await process()];
    await expect(a("shop").run(fail)).rejects.toThrow("backend");
    await expect.poll(() => b("shop").state, soon).toBe("open");
    const migration = await cluster.move("{failfast}", await elsewhere("{failfast}"));
    await migration.keys(1);
    await expect(a("bank").run(fail)).rejects.toThrow("backend");
    await migration.finish();
    await expect.poll(() => b("bank").state, healed).toBe("open");
    expect(await b("shop").reset()).toEqual({ stored: true });
    await expect.poll(() => a("shop").state, soon).toBe("closed");
  });

  it("goes on if the master of its slot dies: the replica has the circuits, and open ones stay open", async () => {
    const third = cluster.ports[2] ?? 0;
    if ((await cluster.ownerOf("{failfast}")) !== third)
      await (await cluster.move("{failfast}", third)).finish();
    const [a, b] = [await process(), await process()];
    await a("shop").trip();
    await expect.poll(() => b("shop").state, soon).toBe("open");
    await cluster.stopNode(third);
    expect(await a("bank").run(async () => "served")).toBe("served");
    await expect(a("bank").run(fail)).rejects.toThrow("backend");
    await expect.poll(() => b("bank").state, healed).toBe("open");
    expect([a("shop").state, b("shop").state]).toEqual(["open", "open"]);
  });
});

// On a cluster of their own: nothing may clear it while they run at the same time.
describe.skipIf(!redisServer).each(clusterLibraries)("the contract with $name", (library) => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster(redisServer);
  });
  afterAll(() => cluster.stop());
  const makeStore = async () => {
    const { client, close } = await library.open(cluster.ports);
    return { store: redisStore(client), close };
  };
  for (const { name, run } of storeContract(makeStore)) test.concurrent(name, run);
});

describe.skipIf(!redisServer).each(clusterLibraries)("$name, while a master is away for good", (library) => {
  it("rejects commands for its slot soon and queues none; those for others go on", async () => {
    const cluster = await startCluster(redisServer);
    onTestFinished(() => cluster.stop());
    const { client, close } = await library.open(cluster.ports);
    onTestFinished(() => void close());
    const [first = 0, second = 0] = cluster.ports;
    const prefixes = Array.from({ length: 50 }, (_, at) => `fleet ${at}`);
    const owners = new Map<number, string>();
    for (const prefix of prefixes) owners.set(await cluster.ownerOf(`{${prefix}}`), prefix);
    const [gone, there] = [first, second].map((port) =>
      redisStore(client, { prefix: owners.get(port) ?? "" }),
    );
    await gone?.set("a", "1", 60_000);
    await cluster.stopNode(first);
    const took: number[] = [];
    for (let round = 0; round < 5; round++) {
      const began = performance.now();
      await expect(gone?.set("a", "2", 60_000)).rejects.toThrow();
      took.push(performance.now() - began);
      await there?.set("a", "2", 60_000);
    }
    // node-redis at once; ioredis looks for another master for about a second.
    expect(Math.max(...took)).toBeLessThan(15_000);
  });
});

describe.skipIf(!redisServer)("node-redis that connects to a master when it is needed", () => {
  it("reports no fault at the start, and shares circuits", async () => {
    const cluster = await startCluster(redisServer);
    onTestFinished(() => cluster.stop());
    const clients = [0, 1].map(() =>
      createCluster({
        rootNodes: cluster.ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })),
        minimizeConnections: true,
      }),
    );
    const told: unknown[] = [];
    const processes: Failfast[] = [];
    for (const client of clients) {
      client.on("error", () => undefined);
      await client.connect();
      onTestFinished(() => client.destroy());
      const failfast = createFailfast({ store: redisStore(client) });
      onTestFinished(() => failfast.close());
      failfast.on("store-down", ({ error }) => told.push(error));
      processes.push(failfast);
    }
    const [a, b] = processes as [Failfast, Failfast];
    await Promise.all([a.ready(), b.ready()]);
    expect(await b("shop", 60).run(() => "served")).toBe("served");
    await a("shop", 60).trip();
    await expect.poll(() => b("shop").state, soon).toBe("open");
    expect(told).toEqual([]);
  });
});

const fail = (): Promise<never> => Promise.reject(new Error("backend"));
