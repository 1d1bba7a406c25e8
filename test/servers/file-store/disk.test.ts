import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { fileStore } from "../../../src/stores/file.js";
import { openFolder } from "../../../src/stores/files/folder.js";
import { sweep } from "../../../src/stores/files/sweep.js";
import { listAll } from "../../../src/stores/list-all.fixture.js";

const HOUR = 3_600_000;
const heals = { timeout: 45_000, interval: 20 };
const mount = (...args: string[]): boolean => spawnSync("mount", args, { stdio: "ignore" }).status === 0;
const unmount = (disk: string): void => void spawnSync("umount", ["-l", disk], { stdio: "ignore" });

/** A file system of a few kB needs a mount, and so an administrator. */
const disk = mkdtempSync(join(tmpdir(), "failfast-disk-"));
const canMount = mount("-t", "tmpfs", "-o", "size=256k", "tmpfs", disk);
if (canMount) unmount(disk);
else
  console.warn(
    "skipped: the tests of the file store on a disk that is full or read-only, for nothing can be mounted",
  );
afterAll(() => rmSync(disk, { recursive: true, force: true }));

describe.skipIf(!canMount)("the file store on a disk of its own", () => {
  let opened: Failfast[];
  const folder = join(disk, "store");
  beforeEach(() => {
    opened = [];
    mount("-t", "tmpfs", "-o", "size=256k", "tmpfs", disk);
  });
  afterEach(async () => {
    await Promise.all(opened.map((failfast) => failfast.close()));
    unmount(disk);
  });

  const enter = async (): Promise<{ failfast: Failfast; errors: unknown[] }> => {
    const failfast = createFailfast({ store: fileStore(folder) });
    opened.push(failfast);
    const errors: unknown[] = [];
    failfast.on("store-down", ({ error }) => errors.push(error));
    failfast("shop", 60);
    await failfast.ready();
    return { failfast, errors };
  };
  const fill = (): void => {
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, "filler"), Buffer.alloc(bavail * bsize));
  };

  test.each([
    ["full", "ENOSPC", fill, () => rmSync(join(disk, "filler"))],
    [
      "read-only",
      "EROFS",
      () => void mount("-o", "remount,ro", disk),
      () => void mount("-o", "remount,rw", disk),
    ],
  ])(
    "%s: calls go on, store-down says why, and an open circuit is shared once the store works",
    async (_, code, harm, mend) => {
      const [a, b] = [await enter(), await enter()];
      await a.failfast("shop").trip();
      await a.failfast("shop").reset();
      await expect.poll(() => b.failfast("shop").state, heals).toBe("closed");
      harm();
      expect(await b.failfast("shop").run(async () => "served")).toBe("served");
      await expect(a.failfast("shop").run(() => Promise.reject(new Error("backend")))).rejects.toThrow(
        "backend",
      );
      expect(a.failfast("shop").state).toBe("open");
      await expect.poll(() => a.errors, heals).toEqual([expect.objectContaining({ code })]);
      expect(await a.failfast("shop").hold("closed")).toEqual({ stored: false });
      mend();
      await expect.poll(() => b.failfast("shop").state, heals).toBe("open");
    },
  );

  test("keeps the stored value and leaves no draft behind if the disk is full", async () => {
    const store = fileStore(folder);
    await store.set("a", "kept", HOUR);
    fill();
    for (let n = 0; n < 20; n++)
      await expect(store.set("a", "x".repeat(50_000), HOUR)).rejects.toThrow(/ENOSPC/);
    expect(await store.get("a")).toBe("kept");
    expect((await listAll(store)).map(({ value }) => value)).toEqual(["kept"]);
    await expect.poll(() => readdirSync(join(folder, "failfast", "drafts")), heals).toEqual([]);
  });

  test.each([
    ["full", fill, 2],
    ["read-only", () => void mount("-o", "remount,ro", disk), 5],
  ])("sweeps what it can, without an error, on a disk that is %s", async (_, harm, left) => {
    const store = fileStore(folder);
    for (let n = 0; n < 5; n++) await store.set("a", `${n}`, HOUR);
    const numbered = () => readdirSync(join(folder, "failfast")).filter((file) => /\d$/.test(file));
    expect(numbered()).toHaveLength(5);
    harm();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 120_000 });
    await sweep(openFolder(folder, "failfast"));
    vi.useRealTimers();
    expect(numbered()).toHaveLength(left);
    expect(await store.get("a")).toBe("4");
  });
});
