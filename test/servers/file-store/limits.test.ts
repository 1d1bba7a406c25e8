import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFailfast } from "../../../src/index.js";
import { fileStore } from "../../../src/stores/file.js";
import { polledEachSecond } from "../count-lists.js";
import { endProcess } from "../end-process.js";

const member = fileURLToPath(new URL("member.mjs", import.meta.url));
/** A shell in a user namespace of its own, which has limits of its own. */
const unshare = (script: string): string[] => ["--user", "--map-root-user", "sh", "-c", script];
const limited = (limit: string): string => `echo 0 >/proc/sys/user/${limit}`;
const canLimit = spawnSync("unshare", unshare(limited("max_inotify_watches"))).status === 0;
if (!canLimit) console.warn("skipped: the file store without inotify watches, for no limit can be set");

interface Told {
  readonly state?: string;
  readonly listed?: true;
  readonly warning?: string;
  readonly message?: string;
  readonly down?: string;
}

let folder: string;
const ends: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "failfast-watches-"));
  ends.push(() => rmSync(folder, { recursive: true }));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

describe.skipIf(!canLimit)("a user whose inotify watches are used up", () => {
  test.each([
    ["max_inotify_watches", "ENOSPC"],
    ["max_inotify_instances", "EMFILE"],
  ])("shares by polls, with one warning (%s)", async (limit, code) => {
    const told: Told[] = [];
    const script = `${limited(limit)}; exec "${process.execPath}" "${member}" "${join(folder, "store")}"`;
    const child = spawn("unshare", unshare(script), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.on("message", (message: Told) => void told.push(message));
    ends.push(() => endProcess(child));
    const states = (): unknown[] => told.flatMap(({ state }) => state ?? []);
    await expect.poll(states).toEqual(["closed"]);
    const here = createFailfast({ store: fileStore(join(folder, "store")), timeout: 60, report: false });
    ends.push(() => here.close());
    await here("shop").trip();
    await expect.poll(states, { timeout: 30_000 }).toEqual(["closed", "open"]);
    await here("shop").reset();
    await expect.poll(states, { timeout: 30_000 }).toEqual(["closed", "open", "closed"]);
    await polledEachSecond(expect, () => told.filter(({ listed }) => listed).length);
    expect(told.filter(({ state, listed }) => state === undefined && !listed)).toEqual([
      { warning: "FAILFAST_STORE_PUSH", message: expect.stringContaining(code) },
    ]);
    const exit = once(child, "exit");
    child.send("end");
    expect(await exit).toEqual([0, null]);
  });
});
