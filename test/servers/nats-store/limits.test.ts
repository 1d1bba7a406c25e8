import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { afterEach, describe, expect, test } from "vitest";
import { createFailfast, type Failfast } from "../../../src/index.js";
import type { Store } from "../../../src/options/store.js";
import { natsStore } from "../../../src/stores/nats.js";
import { remember, soon } from "../redis-store/clients.js";
import { requireProgram } from "../require.js";
import { BUCKET, connectTo, type OpenNats, open, startNats } from "./start-nats.js";

const natsServer = requireProgram("nats-server");
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(...settings: string[]) {
  const server = await startNats(natsServer, ...settings);
  ends.push(() => server.stop());
  return server;
}
async function enter(...given: Parameters<typeof open>): Promise<OpenNats> {
  const opened = await open(...given);
  ends.push(() => opened.close());
  return opened;
}
/** A process, and what it heard of its store. */
function processOn(store: Store): { failfast: Failfast; down: string[] } {
  const failfast = createFailfast({ store, timeout: 60, report: false });
  ends.push(() => failfast.close());
  const down: string[] = [];
  failfast.on("store-down", ({ error }) => down.push(String(error)));
  return { failfast, down };
}
const fail = (): Promise<never> => Promise.reject(new Error("backend"));

describe.skipIf(!natsServer)("a bucket of NATS", () => {
  test("that is full takes no writes, which is told once, and pushes all the same", async () => {
    const { port } = await start();
    const { kv } = await enter(port, undefined, { ...BUCKET, max_bytes: 60_000 });
    const store = natsStore(kv);
    const seen = remember();
    const handle = await store.watch?.("", seen);
    ends.push(() => handle?.[Symbol.asyncDispose]());
    const here = processOn(store);
    const there = processOn((await enter(port)).store);
    for (const { failfast } of [here, there]) failfast("shop");
    await Promise.all([here.failfast.ready(), there.failfast.ready()]);
    let fillers = 0;
    const fill = async (): Promise<void> => {
      for (const size of [10_000, 1_000, 100, 1])
        for (;;) {
          try {
            await kv.put(`filler.${fillers}`, "x".repeat(size));
            fillers += 1;
          } catch {
            break;
          }
        }
    };
    await fill();
    await expect(here.failfast("shop").run(fail)).rejects.toThrow("backend");
    expect(here.failfast("shop").state).toBe("open");
    expect(await here.failfast("shop").hold("open")).toEqual({ stored: false });
    // Longer than a watch may be silent.
    await new Promise((resolve) => setTimeout(resolve, 9_000));
    expect(seen.gaps).toBe(0);
    expect(here.down).toEqual([expect.stringMatching(/maximum bytes exceeded/)]);
    for (let filler = 0; filler < 5; filler++) await kv.purge(`filler.${filler}`).catch(() => undefined);
    const manager = await jetstreamManager((await enter(port)).connection);
    await manager.streams.purge("KV_failfast", { filter: "$KV.failfast.filler.>" });
    await expect.poll(() => there.failfast("shop").state, soon).toBe("open");
  });

  test("that discards its oldest values gets its open circuits again", async () => {
    const { port } = await start();
    const { kv, connection } = await enter(port, undefined, { ...BUCKET, max_bytes: 20_000 });
    const manager = await jetstreamManager(connection);
    const { config } = await manager.streams.info("KV_failfast");
    await manager.streams.update("KV_failfast", { ...config, discard: "old" });
    const here = processOn(natsStore(kv));
    const there = processOn((await enter(port)).store);
    for (const { failfast } of [here, there]) failfast("shop");
    await Promise.all([here.failfast.ready(), there.failfast.ready()]);
    await here.failfast("shop").trip();
    await expect.poll(() => there.failfast("shop").state, soon).toBe("open");
    for (let n = 0; n < 40; n++) await kv.put(`filler.${n}`, "x".repeat(1_000));
    expect(await natsStore(kv).get("circuit:shop")).toBe(null);
    await expect.poll(() => natsStore(kv).get("circuit:shop"), soon).toContain('"state":"open"');
  });

  test("in memory is gone after a restart, and gets its open circuits once it is made again", async () => {
    const server = await start();
    const memory = { ...BUCKET, storage: "memory" } as typeof BUCKET;
    const here = processOn((await enter(server.port, undefined, memory)).store);
    const there = processOn((await enter(server.port, undefined, memory)).store);
    for (const { failfast } of [here, there]) failfast("shop");
    await Promise.all([here.failfast.ready(), there.failfast.ready()]);
    await here.failfast("shop").trip();
    await expect.poll(() => there.failfast("shop").state, soon).toBe("open");
    await server.restart();
    await expect.poll(() => here.down, soon).toEqual([expect.stringMatching(/stream not found/)]);
    expect([here, there].map(({ failfast }) => failfast("shop").state)).toEqual(["open", "open"]);
    const newcomer = await enter(server.port, undefined, memory);
    await expect.poll(() => newcomer.store.get("circuit:shop"), soon).toContain('"state":"open"');
    await there.failfast("shop").reset();
    await expect.poll(() => here.failfast("shop").state, soon).toBe("closed");
  });

  test("on a server that has lost JetStream is reported once, and calls go on", async () => {
    const server = await start();
    const { port } = server;
    const here = processOn((await enter(port)).store);
    await here.failfast.ready();
    await server.kill();
    const { startServer } = await import("../server-process.js");
    const plain = await startServer(
      {
        command: (at) => [natsServer ?? "", "-a", "127.0.0.1", "-p", `${at}`],
        answers: async (at) => {
          const connection = await connectTo(at, { maxReconnectAttempts: 0 }).catch(() => undefined);
          await connection?.close();
          return connection !== undefined;
        },
      },
      port,
    );
    ends.push(() => plain.stop());
    await expect(here.failfast("shop").run(fail)).rejects.toThrow("backend");
    expect(here.failfast("shop").state).toBe("open");
    await expect.poll(() => here.down.length, soon).toBe(1);
    expect(here.down[0]).toMatch(/JetStream|timeout|responders/i);
  });

  test("takes names that are patterns to NATS, and names of any length", async () => {
    const { port } = await start();
    const { kv } = await enter(port);
    const here = processOn(natsStore(kv, { prefix: "*" })).failfast;
    const there = processOn(natsStore((await enter(port)).kv, { prefix: "*" })).failfast;
    const other = processOn(natsStore(kv, { prefix: ">" })).failfast;
    const names = [
      "*",
      ">",
      "a.b",
      "a.*.>",
      ".",
      " ",
      "$KV.failfast.x",
      "é".repeat(100),
      "x".repeat(1_000_000),
    ];
    for (const each of [here, there, other]) for (const name of names) each(name);
    await Promise.all([here, there, other].map((each) => each.ready()));
    for (const name of names) expect(await here(name).trip()).toMatchObject({ stored: true });
    for (const name of names) await expect.poll(() => there(name).state, soon).toBe("open");
    expect(names.map((name) => other(name).state)).toEqual(names.map(() => "closed"));
  });
});

describe.skipIf(!natsServer)("a user of NATS", () => {
  const ALL = ["$KV.failfast.>", "$JS.API.>"];

  test.each([
    ["makes no consumers", "$JS.API.CONSUMER.>", { sees: false, stores: true }],
    ["asks for no information about the stream", "$JS.API.STREAM.INFO.>", { sees: true, stores: true }],
    ["writes nothing", "$KV.failfast.>", { sees: true, stores: false }],
    ["reads no single value", "$JS.API.STREAM.MSG.GET.>", { sees: true, stores: false }],
  ])("who %s: calls go on, and store-down names the right, once for each verb", async (_, deny, can) => {
    const folder = mkdtempSync(join(tmpdir(), "failfast-nats-"));
    ends.push(() => rmSync(folder, { recursive: true }));
    const users = [
      { user: "app", password: "secret" },
      { user: "limited", password: "secret", permissions: { publish: { allow: ALL, deny: [deny] } } },
    ];
    writeFileSync(join(folder, "access.conf"), `authorization: ${JSON.stringify({ users })}`);
    const { port } = await start("-c", join(folder, "access.conf"));
    const there = processOn((await enter(port, undefined, BUCKET, { user: "app", pass: "secret" })).store);
    const connection = await connectTo(port, { user: "limited", pass: "secret" });
    ends.push(() => connection.close());
    const here = processOn(natsStore(await new Kvm(connection).open("failfast")));
    for (const { failfast } of [here, there]) failfast("shop");
    await Promise.all([here.failfast.ready(), there.failfast.ready()]);
    expect(await here.failfast("shop").run(async () => "served")).toBe("served");
    await there.failfast("shop").trip();
    if (can.sees) await expect.poll(() => here.failfast("shop").state, soon).toBe("open");
    expect(await here.failfast("shop").reset()).toEqual({ stored: can.stores });
    await expect.poll(() => here.down.length, soon).toBeGreaterThan(0);
    expect(here.down.length).toBeLessThan(3);
    for (const error of here.down)
      expect(error).toContain(`Permissions Violation for Publish to "${deny.slice(0, -1)}`);
  });
});
