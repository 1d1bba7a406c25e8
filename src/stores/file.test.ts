import { mkdtempSync, rmSync } from "node:fs";
import { chmod, lstat, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { storeContract } from "../testing/index.js";
import { fileStore } from "./file.js";

const folders: string[] = [];
let dir: string;
beforeEach(() => {
  dir = newFolder();
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "failfast-file-"));
  folders.push(folder);
  return folder;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`it took too long until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("the store contract", () => {
  const shared = newFolder();
  for (const { name, run } of storeContract(() => ({ store: fileStore(shared) }))) test(name, run, 30_000);
});

describe("the folder", () => {
  test("is its user's alone", async () => {
    await fileStore(join(dir, "new")).set("k", "v", 1_000);
    expect((await lstat(join(dir, "new"))).mode & 0o777).toBe(0o700);
  });

  test("that is a symbolic link is refused", async () => {
    await symlink(newFolder(), join(dir, "k-failfast"));
    await expect(fileStore(dir).set("k", "v", 1_000)).rejects.toThrow(/symbolic link/);
  });

  test("that can't be written rejects with the system's error, and what was there stays", async () => {
    const store = fileStore(dir);
    await store.set("k", "v", 60_000);
    await mkdir(join(dir, "k-failfast", "k-x.1"));
    await expect(store.get("x")).rejects.toThrow(/EISDIR/);
    expect(await store.get("k")).toBe("v");
  });

  test("that holds foreign files is read all the same", async () => {
    const store = fileStore(dir);
    await store.set("k", "v", 60_000);
    await writeFile(join(dir, "k-failfast", "readme"), "hello");
    await writeFile(join(dir, "k-failfast", "k-torn.1"), '[17, "to');
    await chmod(join(dir, "k-failfast", "readme"), 0o000);
    expect([...(await store.list(""))].map(({ key, value }) => [key, value])).toEqual([["k", "v"]]);
    expect(await store.get("torn")).toBeNull();
  });

  test("that vanished while it was watched is a gap, made again and watched again", async () => {
    let gaps = 0;
    const changes: string[] = [];
    const store = fileStore(dir);
    const watching = await store.watch("", {
      change: ({ value }) => void changes.push(value),
      gap: () => void gaps++,
    });
    rmSync(join(dir, "k-failfast"), { recursive: true });
    await until(() => gaps >= 2, "the gap was told, and again when it was watched again");
    await store.set("k", "after", 1_000);
    await until(() => changes.includes("after"), "the change came");
    await watching[Symbol.asyncDispose]();
  });
});

test("two prefixes are two fleets", async () => {
  await fileStore(dir, { prefix: "a" }).set("k", "v", 1_000);
  expect(await fileStore(dir, { prefix: "b" }).get("k")).toBeNull();
});

test("no temporary file is left behind", async () => {
  const store = fileStore(dir);
  for (let i = 0; i < 5; i++) await store.set("k", `v${i}`, 1_000);
  expect((await readdir(join(dir, "k-failfast"))).filter((name) => name.startsWith("t-"))).toEqual([]);
});

test.each([[""], [7], [null]])("a folder of %j is refused", (given) => {
  expect(() => fileStore(given as string)).toThrow(/dir of fileStore\(\) takes a text/);
});
