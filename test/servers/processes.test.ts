import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { endProcesses } from "./end-process.js";

const pathOf = (name: string): string => fileURLToPath(new URL(`./processes/${name}`, import.meta.url));
const dist = new URL("../../dist", import.meta.url).href;

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "failfast-processes-"));
});
afterEach(async () => {
  await endProcesses(children);
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly said: string;
  readonly warned: string;
}

function start(args: readonly string[], env: Record<string, string> = {}) {
  const { npm_package_name: _, ...inherited } = process.env;
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...inherited, ...env } });
  children.push(child);
  let [said, warned] = ["", ""];
  child.stdout.on("data", (data) => (said += String(data)));
  child.stderr.on("data", (data) => (warned += String(data)));
  const ended = once(child, "close").then(([code]): Ended => ({ code: code as number | null, said, warned }));
  return {
    child,
    ended,
    says: (text: string) => expect.poll(() => said, { timeout: 30_000 }).toContain(text),
  };
}

describe("a script reaches its last line, and then the process ends", () => {
  test.each(["trip", "reset", "hold", "release", "ready", "fleet", "settled", "close", "nothing"])(
    "after await %s",
    async (verb) => {
      const { code, said, warned } = await start([pathOf("script.mjs"), verb]).ended;
      expect([code, said, warned]).toEqual([0, "done\n", ""]);
    },
  );
});

test("a script with a clock of its own that moves reaches its last line, too", async () => {
  const { code, said } = await start([pathOf("own-clock.mjs")]).ended;
  expect([code, said]).toEqual([0, "true\n"]);
});

test.each(["trip", "hold", "ready", "fleet", "settled", "close"])(
  "a test program with a manual clock ends, although nothing settles what %s returns",
  async (verb) => {
    const { code, said } = await start([pathOf("manual-clock.mjs"), verb]).ended;
    expect([code, said]).toEqual([0, "done\n"]);
  },
);

describe("two services that share a store and a prefix", () => {
  const meet = async (names: readonly [string, string], env = {}): Promise<string> => {
    const scripts = names.map((name, index) => {
      const home = join(folder, String(index));
      mkdirSync(join(home, "src"), { recursive: true });
      writeFileSync(join(home, "package.json"), JSON.stringify({ name, type: "module" }));
      const script = join(home, "src", "main.js");
      writeFileSync(
        script,
        `await import(${JSON.stringify(new URL("./processes/service.mjs", import.meta.url).href)});`,
      );
      return script;
    });
    const [waiting, failing] = scripts as [string, string];
    const store = join(folder, "store");
    const waits = start([waiting, dist, store, "wait"], env);
    await waits.says("waits");
    expect((await start([failing, dist, store, "fail"], env).ended).code).toBe(0);
    const { code, warned } = await waits.ended;
    expect(code).toBe(0);
    return warned;
  };

  test("are warned when the outage of one rejects the calls of the other", async () => {
    const warned = await meet(["billing", "@acme/orders"]);
    expect(warned).toMatch(
      /FAILFAST_PREFIX.*"database" of the service "billing".*another service, "@acme\/orders"/,
    );
    expect(warned).toMatch(/prefix: "billing"/);
  });

  test("are not warned if they are one service, or say that they are", async () => {
    expect(await meet(["billing", "billing"])).toBe("");
    rmSync(join(folder, "store"), { recursive: true });
    expect(await meet(["billing", "orders"], { FAILFAST_SERVICE: "shop" })).toBe("");
  });
});

test("threads of one process, and containers with one host name and process id, are distinguished", async () => {
  const threads = [0, 1].map(() => new Worker(pathOf("worker.mjs"), { workerData: { folder } }));
  const [one, two] = threads as [Worker, Worker];
  const ask = async (thread: Worker, does: string): Promise<{ answer: string; by: string }> => {
    const answered = once(thread, "message");
    thread.postMessage(does);
    const [answer] = (await answered) as [{ answer: string; by: string }];
    return answer;
  };
  try {
    await Promise.all(threads.map((thread) => once(thread, "message")));
    expect((await ask(one, "fail")).answer).toBe("Error");
    // The first thread's trip alone does not reject the second one's calls: it needs a failure of its own.
    await expect
      .poll(async () => (await ask(two, "call")).by, { timeout: 30_000 })
      .toMatch(/^one\/\d+\/[a-z0-9]{6}@failfast$/);
    expect((await ask(two, "call")).answer).toBe("passed");
    expect((await ask(two, "fail")).answer).toBe("Error");
    expect((await ask(two, "call")).answer).toBe("FailfastError");
    for (const thread of threads) thread.postMessage("close");
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
});
