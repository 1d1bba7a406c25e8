import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dir, drafts, files, later, until, useNewFolders } from "./file.fixture.js";
import { fileStore } from "./file.js";
import { openFolder } from "./files/folder.js";
import { sweep } from "./files/sweep.js";

useNewFolders();

describe("sweeping", () => {
  const folder = () => openFolder(dir, "failfast");
  const numbers = async (key: string) =>
    (await files())
      .flatMap((name) => (name.startsWith(`${key}~`) ? [Number(name.split("~")[1])] : []))
      .sort();

  test("goes on if one key's files can't be removed", async () => {
    const store = fileStore(dir);
    for (const key of ["a", "b"]) for (let i = 0; i < 5; i++) await store.set(key, `v${i}`, 3_600_000);
    await mkdir(join(dir, "failfast", "drafts", `a~1~${"0".repeat(36)}`));
    later(61_000);
    await sweep(folder());
    expect(await numbers("a")).toHaveLength(5);
    expect(await numbers("b")).toHaveLength(2);
  });

  test("keeps everything that is less than 60 s old", async () => {
    const store = fileStore(dir);
    for (let i = 0; i < 5; i++) await store.set("k", `v${i}`, 1);
    const before = await numbers("k");
    later(50_000);
    await sweep(folder());
    expect(await numbers("k")).toEqual(before);
  });

  test("then removes all but the two newest versions", async () => {
    const store = fileStore(dir);
    for (let i = 0; i < 5; i++) await store.set("k", `v${i}`, 3_600_000);
    const before = await numbers("k");
    later(61_000);
    await sweep(folder());
    expect(await numbers("k")).toEqual(before.slice(-2));
    expect(await store.get("k")).toBe("v4");
  });

  test("removes all files of a key 60 s after its record expired or was deleted", async () => {
    const store = fileStore(dir);
    for (const key of ["expires", "deleted"])
      for (const value of ["a", "b"]) await store.set(key, value, 120_000);
    await store.delete("deleted");
    later(150_000);
    await sweep(folder());
    expect(await numbers("deleted")).toEqual([]);
    expect(await numbers("expires")).toHaveLength(2);
    later(60_000);
    await sweep(folder());
    expect(await numbers("expires")).toEqual([]);
    expect(await store.get("deleted")).toBeNull();
  });

  test("lets a key that starts anew number its versions above the old ones", async () => {
    const store = fileStore(dir);
    for (let i = 0; i < 5; i++) await store.set("k", `v${i}`, 1_000);
    const before = await numbers("k");
    later(300_000);
    await sweep(folder());
    expect(await numbers("k")).toEqual([]);
    await store.set("k", "anew", 1_000);
    const [number = 0] = await numbers("k");
    expect(number).toBeGreaterThan(Math.max(...before));
  });

  test("removes drafts of processes that died", async () => {
    await fileStore(dir).set("k", "v", 60_000);
    const waiting = `k~${8e12}~${"0".repeat(36)}`;
    const late = `k~1~${"0".repeat(36)}`;
    for (const draft of [waiting, late]) await writeFile(join(dir, "failfast", "drafts", draft), "");
    await sweep(folder());
    expect(await drafts()).toEqual([waiting]);
    later(61_000);
    await sweep(folder());
    expect(await drafts()).toEqual([]);
  });

  test("runs after a write, once a minute for all processes", async () => {
    const store = fileStore(dir);
    for (let i = 0; i < 5; i++) await store.set("k", `v${i}`, 3_600_000);
    await until(async () => (await files()).includes(".swept"), "the first sweep");
    later(61_000);
    // A process that begins now.
    await fileStore(dir).set("k", "v5", 3_600_000);
    await until(async () => (await numbers("k")).length === 2, "the files behind were removed");
  });
});
