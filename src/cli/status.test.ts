import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { observeFleet } from "../fleet/fleet.js";
import type { Store } from "../options/store.js";
import { encodeName } from "../protocol/key.js";
import { encodeReport, type ProcessReport, reportKey } from "../report/process-report.js";
import { memoryStore } from "../stores/memory.js";
import { COMMON, readArguments } from "./arguments.js";
import type { Command, Session } from "./command.js";
import { doctor } from "./commands/doctor.js";
import { status } from "./commands/status.js";
import { Terminal } from "./terminal.js";

async function run(command: Command, args: readonly string[], store: Store, address = "here") {
  let text = "";
  const stream = Object.assign(new EventEmitter(), { write: (more: string) => (text += more) });
  await using fleet = observeFleet(store);
  const session = {
    args: readArguments("it", { ...command.flags, ...COMMON }, args, {}),
    ...{ out: new Terminal(stream as unknown as NodeJS.WriteStream, { NO_COLOR: "1" }), store, fleet },
    ...{ env: {}, address, by: "alice", interrupted: new AbortController().signal },
  } as unknown as Session;
  const code = await command.run(session);
  return { code, text };
}

const at = Date.now();
const open = JSON.stringify({
  ...{ v: 1, revision: at, generation: at, nonce: "n", by: "web-1", reason: "TypeError", at },
  ...{ state: "open", until: at + 600_000, duration: 600_000 },
});
const held = JSON.stringify({
  v: 1,
  revision: at,
  nonce: "n",
  state: "closed",
  by: "alice",
  reason: "why",
  at,
});

describe("status of a circuit in a store that can't list", () => {
  const { list: _, ...store } = memoryStore();

  test("reads it by its name, whether open or held", async () => {
    await store.set("circuit:sales_api", open, 60_000);
    await store.set(`hold:${encodeName("a/b")}`, held, 60_000);
    const { code, text } = await run(status, ["sales_api"], store);
    expect(code).toBe(0);
    expect(text).toMatch(/state +open[\s\S]*why +TypeError[\s\S]*by +web-1/);
    expect((await run(status, ["a/b"], store)).text).toMatch(/state +held closed[\s\S]*by +alice/);
    const both = await run(status, ["sales_api", "a/b"], store);
    expect(both.text).toMatch(/^sales_api +open/m);
    expect(both.text).toMatch(/^a\/b +held closed/m);
    expect((await run(status, ["sales_api", "--check"], store)).code).toBe(4);
  });

  test("says that it may be unknown here, and which names the command takes", async () => {
    await expect(run(status, ["mail"], store)).rejects.toThrow(/no record of "mail": it has never opened/);
    await expect(run(status, ["sales*"], store)).rejects.toThrow(/give whole names/);
  });

  test("says that it can't be read", async () => {
    const down = { ...store, get: () => Promise.reject(new Error("ECONNREFUSED")) };
    await expect(run(status, ["sales_api"], down)).rejects.toThrow(/can't be read: ECONNREFUSED/);
  });
});

test('status shows "unknown", not zero, for counts that nobody reports', async () => {
  const store = memoryStore();
  await store.set("circuit:sales_api", open, 60_000);
  const { text } = await run(status, ["sales_api"], store);
  expect(text).toMatch(/calls +unknown: no process reports it/);
  expect(text).not.toMatch(/failures|rejections/);
  const { circuits } = JSON.parse((await run(status, ["--json"], store)).text);
  expect(circuits[0].totals).toEqual({});
});

test("status distinguishes a store that keeps no reports from a fleet that sends none", async () => {
  const beside = memoryStore();
  const withPlace = { ...memoryStore(), sibling: () => beside };
  const none = await run(status, [], withPlace);
  expect(none.text).toMatch(/0 processes report[\s\S]*no process reports\. Is the prefix right/);
  expect((await run(status, [], withPlace, "file:/typo")).text).toMatch(
    /reports\. Is the folder right\? Is the prefix/,
  );
  expect(none.text).not.toContain("folder");
  const { list: _, ...trailOnly } = memoryStore();
  for (const store of [memoryStore(), { ...memoryStore(), sibling: () => trailOnly }]) {
    expect((await run(status, [], store)).text).toMatch(
      /this kind of store keeps no reports\S*[\s\S]*No circuit has opened/,
    );
    expect((await run(doctor, [], store)).text).toMatch(
      /warning +reports and trail +this kind of store keeps/,
    );
  }
}, 30_000);

test("the doctor and status report one name with different settings", async () => {
  const beside = memoryStore();
  const store = { ...memoryStore(), sibling: () => beside };
  for (const [host, timeout] of [
    ["web-1", "1m"],
    ["web-2", "1m"],
    ["web-3", "5m"],
  ] as const) {
    const circuit = { key: "sales_api", state: "closed", held: undefined, pending: false, settings: 0 };
    const counts = { calls: 1, failures: 0, rejections: 0, slow: 0, inFlight: 0, latencyMs: undefined };
    const report = {
      ...{ id: `${host}/1/x@shop`, host, pid: 1, service: "shop", version: "0.2.0", startedAt: at, at },
      ...{ everyMs: 60_000, storeUp: true, total: 1, settings: [{ timeout, threshold: "1" }] },
      circuits: [{ ...circuit, ...counts }],
    } as ProcessReport;
    await beside.set(reportKey(report.id), encodeReport(report), 60_000);
  }
  const { text } = await run(doctor, [], store);
  expect(text).toMatch(/warning +settings +sales_api: timeout\n/);
  expect((await run(status, ["sales_api"], store)).text).toMatch(/differing +timeout: differs between/);
}, 30_000);

test("status shows rates with four digits, and all of them with --json", async () => {
  const beside = memoryStore();
  const store = { ...memoryStore(), sibling: () => beside };
  const circuit = { key: "sales_api", state: "closed", held: undefined, pending: false, settings: 0 };
  const counts = { calls: 1, failures: 0, rejections: 0, slow: 0, inFlight: 0, latencyMs: undefined };
  const settings = { timeout: "1m", failureRate: "0.5000000000000002", slowCallRate: "0.33333333333333" };
  const report = {
    ...{ id: "web-1/1/x@shop", host: "web-1", pid: 1, service: "shop", version: "0.2.0", startedAt: at, at },
    ...{ everyMs: 60_000, storeUp: true, total: 1, settings: [settings] },
    circuits: [{ ...circuit, ...counts }],
  } as ProcessReport;
  await beside.set(reportKey(report.id), encodeReport(report), 60_000);
  expect((await run(status, ["sales_api"], store)).text).toMatch(
    /timeout 1m, failureRate 0\.5, slowCallRate 0\.3333\n/,
  );
  const { circuits } = JSON.parse((await run(status, ["--json"], store)).text);
  expect(circuits[0].settings).toEqual(settings);
}, 30_000);
