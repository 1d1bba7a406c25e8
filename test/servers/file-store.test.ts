import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFailfast } from "../../src/index.js";
import { fileStore } from "../../src/stores/file.js";
import { openFolder } from "../../src/stores/files/folder.js";
import { sweep } from "../../src/stores/files/sweep.js";
import { endProcesses } from "./end-process.js";

const scriptOf = (name: string): string =>
  fileURLToPath(new URL(`./file-store/${name}.mjs`, import.meta.url));
const HOUR = 3_600_000;

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "failfast-file-"));
});
afterEach(async () => {
  vi.useRealTimers();
  await endProcesses(children);
  rmSync(folder, { recursive: true, force: true });
});

function start(name: string, ...args: string[]): ChildProcess {
  const child = fork(scriptOf(name), [folder, ...args], { execArgv: [] });
  children.push(child);
  return child;
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it took too long until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("no write is lost or torn if eight processes swap one key, and each process ends by itself", async () => {
  const ends = Array.from({ length: 8 }, () => once(start("increment", "25"), "exit"));
  expect((await Promise.all(ends)).map(([code]) => code)).toEqual(Array(8).fill(0));
  expect(Number.parseInt((await fileStore(folder).get("count")) ?? "", 10)).toBe(200);
});

test("no write is lost if worker threads of one process swap one key", async () => {
  const workers = Array.from(
    { length: 3 },
    () => new Worker(scriptOf("increment"), { workerData: [folder, "20"], execArgv: [] }),
  );
  const ends = await Promise.all(workers.map((worker) => once(worker, "exit")));
  expect(ends.map(([code]) => code)).toEqual([0, 0, 0]);
  expect(Number.parseInt((await fileStore(folder).get("count")) ?? "", 10)).toBe(60);
});

test("every value is whole after a process was killed while it wrote, and no file stays behind", async () => {
  const store = fileStore(folder);
  for (let round = 0; round < 5; round++) {
    const writer = start("write");
    await once(writer, "message");
    const first = await store.get("k");
    await until(async () => (await store.get("k")) !== first, "it wrote again");
    writer.kill("SIGKILL");
    await once(writer, "exit");
    const [start_ = "", middle = "", end] = (await store.get("k"))?.split(":") ?? [];
    expect(middle).toHaveLength(300_000);
    expect(end).toBe(start_);
  }
  expect(await store.swap("k", (await store.get("k")) ?? null, "after", 60_000)).toMatchObject({ ok: true });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + HOUR });
  await sweep(openFolder(folder, "failfast"));
  expect(readdirSync(join(folder, "failfast", "drafts"))).toEqual([]);
});

// Windows has no SIGSTOP.
test.skipIf(process.platform === "win32").each([
  ["while others write", "before", 0],
  ["while others write, and sweep", "before", 1],
  ["while the expected value expires and is swept, and others start again", "before", 2],
  ["before the very first write, while others write", "", 0],
  ["before the very first write, while others write, and sweep", "", 1],
  ["before the very first write, while others write, are swept, and start again", "", 2],
])(
  "a process that was stopped during a swap %s fails its write, and nobody sees it",
  async (_, expected, sweeps) => {
    const store = fileStore(folder);
    if (expected !== "") await store.set("k", expected, sweeps === 2 ? 60_000 : HOUR);
    const child = spawn(process.execPath, [scriptOf("stopped"), folder, expected, "mine"]);
    children.push(child);
    let output = "";
    child.stdout.on("data", (data) => {
      output += data;
    });
    child.stderr.pipe(process.stderr);
    await until(() => output === "stopping\n", "it stopped");

    const seen: string[] = [];
    const watching = await store.watch("", { change: ({ value }) => void seen.push(value), gap() {} });
    const others = ["1", "2", "3"];
    if (sweeps < 2) for (const value of others) await store.set("k", value, HOUR);
    for (let sweepings = 0; sweepings < sweeps; sweepings++) {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 300_000 });
      await sweep(openFolder(folder, "failfast"));
    }
    if (sweeps === 2) {
      for (const value of others) await store.set("k", value, HOUR);
    }

    child.kill("SIGCONT");
    await once(child, "exit");
    expect(output.slice("stopping\n".length)).toBe('{"ok":false,"value":"3"}\n');
    expect(await store.get("k")).toBe("3");
    await until(() => seen.includes("3"), "the watcher was told");
    expect(seen).not.toContain("mine");
    await watching[Symbol.asyncDispose]();
  },
);

test("a change reaches every other process", async () => {
  const changes = 100;
  const watchers = Array.from({ length: 4 }, () => start("watch"));
  await Promise.all(watchers.map((watcher) => once(watcher, "message")));
  const store = fileStore(folder);
  const begun: number[] = [];
  let stored: string | null = null;
  for (let change = 0; change < changes; change++) {
    begun.push(Number(process.hrtime.bigint()) / 1e6);
    stored = (await store.swap("k", stored, `${change}`, HOUR)).value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const told = watchers.map(async (watcher) => {
    const answer = once(watcher, "message");
    watcher.send(`${changes - 1}`);
    return (await answer)[0] as Record<string, number>;
  });
  const delays: number[] = [];
  for (const arrivals of await Promise.all(told)) {
    // A slow process reads only the later of two changes, and thereby learns of both.
    let arrived = Number.NaN;
    for (const [change, at] of [...begun.entries()].reverse()) {
      arrived = arrivals[change] ?? arrived;
      delays.push(arrived - at);
    }
  }
  delays.sort((a, b) => a - b);
  const percentile = (part: number): number => delays[Math.ceil(delays.length * part) - 1] ?? Number.NaN;
  console.log(
    `swap to change, ${watchers.length} processes: p50 ${percentile(0.5).toFixed(2)} ms, p99 ${percentile(0.99).toFixed(2)} ms`,
  );
  expect(delays[0]).toBeGreaterThan(0);
  expect(percentile(1)).toBeLessThan(5_000);
});

test("watching keeps no process alive", async () => {
  const [code] = await once(start("idle"), "exit");
  expect(code).toBe(0);
  expect(await fileStore(folder).get("k")).toBe("v");
});

test("a process that was suspended while the fleet opened a circuit makes no call after ready()", async () => {
  const child = start("frozen");
  const heard: unknown[] = [];
  child.on("message", (message) => heard.push(message));
  await until(() => heard.length === 1, "the process had read the store");
  child.kill("SIGSTOP");
  const failfast = createFailfast({ store: fileStore(folder) });
  expect(await failfast("x", 60).trip({ reason: "an outage" })).toEqual({ stored: true });
  // Longer than a second, after which it looks at its clocks.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  child.send("call");
  child.kill("SIGCONT");
  await until(() => heard.length === 2, "it had made its calls");
  expect(heard[1]).toBe(0);
  await failfast.close();
});
