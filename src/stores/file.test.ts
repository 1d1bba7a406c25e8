import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { lstat, mkdir, open, readdir, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { StoreWatcher } from "../options/store.js";
import { dir, drafts, files, newFolder, until, useNewFolders } from "./file.fixture.js";
import { fileStore } from "./file.js";
import { openFolder } from "./files/folder.js";
import { append, readOne } from "./files/log.js";
import { listAll } from "./list-all.fixture.js";

useNewFolders();

describe("values", () => {
  test("may be any strings", async () => {
    const store = fileStore(dir);
    for (const value of ["", "\0", "\ud800", "\r\n", "é", "😀".repeat(100_000), '"\\'.repeat(100_000)]) {
      await store.set("k", value, 60_000);
      expect(await store.get("k")).toBe(value);
    }
  });

  test("that a power cut left half-written are absent, and can be overwritten", async () => {
    const store = fileStore(dir);
    await store.set("k", "a value", 60_000);
    const [file = ""] = (await files()).filter((name) => name.startsWith("k~"));
    const path = join(dir, "failfast", file);
    for (let { size } = await lstat(path); size > 0; size--) {
      await truncate(path, size - 1);
      expect(await store.get("k")).toBeNull();
      expect(await listAll(store)).toEqual([]);
    }
    expect(await store.swap("k", null, "another", 60_000)).toMatchObject({ ok: true });
    expect(await store.get("k")).toBe("another");
  });
});

test("a write does not wait for a list of many records", async () => {
  const store = fileStore(dir);
  for (let i = 0; i < 100; i++) await store.set(`k${i}`, "v", 60_000);
  const ended: string[] = [];
  const list = Promise.resolve(store.list("")).then(() => ended.push("list"));
  const swap = Promise.resolve(store.swap("k7", "v", "w", 60_000)).then(() => ended.push("swap"));
  await Promise.all([list, swap]);
  expect(ended).toEqual(["swap", "list"]);
});

describe("system errors", () => {
  test("reject unchanged, and the stored value stays", async () => {
    const store = fileStore(dir);
    await store.set("k", "v", 60_000);
    await mkdir(join(dir, "failfast", "broken~1"));
    await expect(store.get("broken")).rejects.toMatchObject({ code: "EISDIR" });
    await expect(store.swap("broken", null, "v", 1_000)).rejects.toMatchObject({ code: "EISDIR" });
    expect(await store.get("k")).toBe("v");
    await expect(fileStore(join(dir, "x".repeat(300))).get("k")).rejects.toMatchObject({
      code: "ENAMETOOLONG",
    });
  });

  test.each(["write", "link"] as const)("of %s leave the stored value and no other file", async (verb) => {
    const folder = openFolder(dir, "failfast");
    const record = (value: string) => ({ key: "k", value, expires: Date.now() + 60_000 });
    await append(folder, record("before"), () => true);
    const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
    const fail = () => Promise.reject(full);
    const failing =
      verb === "write" ? { ...folder, drafts: { ...folder.drafts, write: fail } } : { ...folder, link: fail };
    await expect(append(failing, record("after"), () => true)).rejects.toBe(full);
    expect(await readOne(folder, "k")).toBe("before");
    expect((await files()).filter((name) => name !== "drafts")).toHaveLength(1);
    expect(await drafts()).toEqual([]);
  });

  test.runIf(process.platform === "linux")(
    "that never come: a store that hangs keeps one thread, and the process the others",
    async () => {
      const store = fileStore(dir);
      await store.set("other", "v", 60_000);
      const pipe = join(dir, "failfast", "k~1");
      // A reader of it waits until somebody writes.
      execFileSync("mkfifo", [pipe]);
      const hanging = Array.from({ length: 10 }, () => store.get("k"));
      expect(await readFile(new URL(import.meta.url), "utf8")).toContain("never comes");
      // Opened for reading and writing, which does not wait.
      const writer = await open(pipe, "r+");
      rmSync(pipe);
      await writer.writeFile("not a record");
      await writer.close();
      for (const value of await Promise.all(hanging)) expect(value).toBeNull();
      expect(await store.get("other")).toBe("v");
    },
  );
});

describe("watching", () => {
  const silent = { change() {}, gap() {} };

  test("goes on if the folder vanished, and reports gaps", async () => {
    const store = fileStore(dir);
    let gaps = 0;
    const values: string[] = [];
    const lost: unknown[] = [];
    const watching = await store.watch("", {
      change: ({ value }) => values.push(value),
      gap: () => void gaps++,
      lost: (error) => lost.push(error),
    });
    for (const path of [join(dir, "failfast"), dir]) {
      gaps = 0;
      rmSync(path, { recursive: true });
      await until(() => gaps >= 2, "it heard of the loss, and of watching again");
      await fileStore(dir).set("k", path, 60_000);
      await until(() => values.includes(path), "the change came");
    }
    expect(lost.map(String).filter((reason) => /moved or removed/.test(reason)).length).toBeGreaterThan(1);
    await watching[Symbol.asyncDispose]();
  });

  test("waits for a folder that can't be used now", async () => {
    const store = fileStore(dir);
    let gaps = 0;
    const values: string[] = [];
    const watching = await store.watch("", {
      change: ({ value }) => values.push(value),
      gap: () => void gaps++,
    });
    const elsewhere = newFolder();
    rmSync(dir, { recursive: true });
    await symlink(elsewhere, dir);
    // The symbolic link may be created after the folder was created again; then that folder is lost too.
    await until(() => gaps >= 1, "it heard of the loss");
    rmSync(dir, { recursive: true, force: true });
    await until(async () => {
      await store.set("k", "v", 60_000);
      return values.includes("v");
    }, "it watched again");
    await watching[Symbol.asyncDispose]();
  });

  test("reports nothing after its end, and no drafts, deletes or foreign files", async () => {
    const store = fileStore(dir);
    const told: unknown[] = [];
    const on: StoreWatcher = { change: (entry) => told.push(entry), gap: () => told.push("gap") };
    const ended = await store.watch("", on);
    await ended[Symbol.asyncDispose]();
    await ended[Symbol.asyncDispose]();
    const values: string[] = [];
    const watching = await store.watch("", { ...silent, change: ({ value }) => values.push(value) });
    await store.set("k", "1", 60_000);
    await store.delete("k");
    await writeFile(join(dir, "failfast", "foreign~x"), "");
    await store.set("k", "2", 60_000);
    await until(() => values.includes("2"), "the last change came");
    expect(values).toEqual(["1", "2"]);
    expect(told).toEqual([]);
    await watching[Symbol.asyncDispose]();
  });
});

describe("arguments", () => {
  test.each([[""], [7], [null], [{}]])("a folder of %j is refused", (given) => {
    expect(() => fileStore(given as string)).toThrow(TypeError);
    expect(() => fileStore(given as string)).toThrow(/the dir of fileStore\(\) .* got ('{2}|7|null|\{\})$/);
  });

  test.each([[""], [7], [null]])("a prefix of %j is refused", (given) => {
    expect(() => fileStore(dir, { prefix: given as string })).toThrow(
      /the prefix of fileStore\(\) .* got ('{2}|7|null)$/,
    );
  });

  test("nothing is created before the first operation", async () => {
    fileStore(join(dir, "unused"));
    expect(await readdir(dir)).not.toContain(basename("unused"));
  });
});
