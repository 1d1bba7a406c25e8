import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { chown, lstat, mkdir, open, readdir, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { storeContract } from "../testing/index.js";
import { fileStore } from "./file.js";
import { openFolder } from "./files/folder.js";
import { append, readOne } from "./files/log.js";
import { sweep } from "./files/sweep.js";
import { listAll } from "./list-all.fixture.js";
import type { StoreWatcher } from "./store.js";

const folders: string[] = [];
let dir: string;
beforeEach(() => {
  dir = newFolder();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "failfast-file-"));
  folders.push(folder);
  return folder;
}

/** What is in the folder of the fleet "failfast". */
const files = (): Promise<string[]> => readdir(join(dir, "failfast"));
const drafts = (): Promise<string[]> => readdir(join(dir, "failfast", "drafts"));

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it took too long until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Files keep the ages that they have, while the clock goes on. */
function later(ms: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: now + ms });
}

describe("the store contract", () => {
  let shared: string;
  beforeEach(() => {
    shared = dir;
  });
  for (const { name, run } of storeContract(() => fileStore(shared))) test(name, run, 30_000);
});

describe("the folder", () => {
  test("is made, with its parents, for its user alone, and so are the files", async () => {
    await fileStore(join(dir, "a", "b")).set("k", "v", 60_000);
    const path = join(dir, "a", "b", "failfast");
    for (const each of [path, join(path, ".."), join(path, "..", "..")]) {
      expect((await lstat(each)).mode & 0o777, each).toBe(0o700);
    }
    for (const file of await readdir(path)) {
      expect((await lstat(join(path, file))).mode & 0o777, file).toBe(file === "drafts" ? 0o700 : 0o600);
    }
  });

  test("is by default one of the user's in the system's temporary folder", async () => {
    vi.stubEnv("TMPDIR", dir);
    await fileStore().set("k", "v", 60_000);
    expect(await readdir(dir)).toEqual([`failfast-${process.getuid?.()}`]);
    expect(await fileStore().get("k")).toBe("v");
  });

  test("is made again where it vanished", async () => {
    const store = fileStore(dir);
    await store.set("k", "v", 60_000);
    rmSync(dir, { recursive: true });
    expect(await store.get("k")).toBeNull();
    rmSync(dir, { recursive: true });
    expect(await listAll(store)).toEqual([]);
    rmSync(dir, { recursive: true });
    expect(await store.swap("k", null, "again", 60_000)).toMatchObject({ ok: true, value: "again" });
    rmSync(join(dir, "failfast", "drafts"), { recursive: true });
    expect(await store.swap("k", "again", "again", 60_000)).toMatchObject({ ok: true });
    expect(await store.get("k")).toBe("again");
  });

  const verbs: [string, (store: ReturnType<typeof fileStore>) => unknown][] = [
    ["get", (store) => store.get("k")],
    ["set", (store) => store.set("k", "v", 1_000)],
    ["delete", (store) => store.delete("k")],
    ["swap", (store) => store.swap("k", null, "v", 1_000)],
    ["list", (store) => store.list("")],
    ["watch", (store) => store.watch("", { change() {}, gap() {} })],
  ];

  test.each(verbs)("that is a symbolic link is refused by %s", async (_, call) => {
    await symlink(newFolder(), join(dir, "failfast"));
    await symlink(newFolder(), join(dir, "link"));
    await expect(call(fileStore(dir))).rejects.toThrow(/failfast: it is a symbolic link/);
    await expect(call(fileStore(join(dir, "link")))).rejects.toThrow(/link: it is a symbolic link/);
    await expect(call(fileStore(`${dir}/link/`))).rejects.toThrow(/link: it is a symbolic link/);
  });

  test.runIf(process.getuid?.() === 0).each(verbs)("of another user is refused by %s", async (_, call) => {
    await mkdir(join(dir, "failfast"));
    await chown(join(dir, "failfast"), 65_534, 65_534);
    await expect(call(fileStore(dir))).rejects.toThrow(/belongs to the user with the id 65534/);
    await chown(dir, 65_534, 65_534);
    await expect(call(fileStore(dir))).rejects.toThrow(/belongs to the user with the id 65534/);
  });

  test("that is a file is refused", async () => {
    await writeFile(join(dir, "failfast"), "");
    await expect(fileStore(dir).get("k")).rejects.toThrow(/it is no folder/);
  });

  test("may hold what is not the store's", async () => {
    const store = fileStore(dir);
    await store.set("k", "v", 60_000);
    await writeFile(join(dir, "failfast", "readme~x"), "hello");
    await mkdir(join(dir, "failfast", "k"));
    expect(await listAll(store)).toMatchObject([{ key: "k", value: "v" }]);
  });

  test("is one for each prefix, whatever the prefix is", async () => {
    const prefixes = ["a", "A", "..", "../b", "/", "é", "x".repeat(300)];
    for (const prefix of prefixes) await fileStore(dir, { prefix }).set("k", prefix, 60_000);
    for (const prefix of prefixes) expect(await fileStore(dir, { prefix }).get("k")).toBe(prefix);
    expect(await readdir(dir)).toHaveLength(prefixes.length);
    expect(await readdir(join(dir, ".."))).not.toContain("b");
  });
});

describe("keys", () => {
  const odd = [
    "",
    ".",
    "..",
    "a/b",
    "a\\b",
    "con",
    "~1",
    "k~1",
    "\0",
    "\r\n",
    "é",
    "e\u0301",
    "\ud800",
    "\udfff",
    "😀",
  ];
  const long = ["x".repeat(200), "x".repeat(201), "X".repeat(100), "é".repeat(90), "y".repeat(100_000)];

  test("are any strings, and list gives them as they were", async () => {
    const store = fileStore(dir);
    for (const key of [...odd, ...long]) await store.set(key, `of ${key}`, 60_000);
    for (const key of [...odd, ...long]) expect(await store.get(key)).toBe(`of ${key}`);
    const listed = await listAll(store);
    expect(listed.map(({ key }) => key).sort()).toEqual([...odd, ...long].sort());
    for (const { key, value } of listed) expect(value).toBe(`of ${key}`);
  });

  test("are listed by their prefixes, the long ones too", async () => {
    const store = fileStore(dir);
    for (const key of [...odd, ...long]) await store.set(key, "v", 60_000);
    for (const prefix of [
      "a",
      "a/",
      "x",
      "x".repeat(150),
      "x".repeat(201),
      "y".repeat(5_000),
      "\ud800",
      "e",
    ]) {
      const expected = [...odd, ...long].filter((key) => key.startsWith(prefix)).sort();
      expect((await listAll(store, prefix)).map(({ key }) => key).sort()).toEqual(expected);
    }
  });

  // With a draft's id behind them, of 37 characters, they are at most 255.
  test("become names that every file system takes and keeps apart", async () => {
    const store = fileStore(dir);
    for (const key of [...odd, ...long, "A", "a"]) await store.set(key, "v", 60_000);
    const names = (await files()).filter((name) => name !== ".swept" && name !== "drafts");
    expect(names).toHaveLength(odd.length + long.length + 2);
    for (const name of names) expect(name).toMatch(/^[a-z0-9_%~-]{1,218}$/);
  });
});

describe("values", () => {
  test("are any strings", async () => {
    const store = fileStore(dir);
    for (const value of ["", "\0", "\ud800", "\r\n", "é", "😀".repeat(100_000), '"\\'.repeat(100_000)]) {
      await store.set("k", value, 60_000);
      expect(await store.get("k")).toBe(value);
    }
  });

  test("that a power cut left half-written are absent, and are written over", async () => {
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

test("a write doesn't wait for a list of many records", async () => {
  const store = fileStore(dir);
  for (let i = 0; i < 100; i++) await store.set(`k${i}`, "v", 60_000);
  const ended: string[] = [];
  const list = Promise.resolve(store.list("")).then(() => ended.push("list"));
  const swap = Promise.resolve(store.swap("k7", "v", "w", 60_000)).then(() => ended.push("swap"));
  await Promise.all([list, swap]);
  expect(ended).toEqual(["swap", "list"]);
});

describe("errors of the system", () => {
  test("reject, as they are, and what was there stays", async () => {
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

  test.each(["write", "link"] as const)("of %s leave what was stored, and no file", async (verb) => {
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
    "where one never comes: a store that hangs keeps one thread, and the process the others",
    async () => {
      const store = fileStore(dir);
      await store.set("other", "v", 60_000);
      const pipe = join(dir, "failfast", "k~1");
      // Reading it waits until somebody writes.
      execFileSync("mkfifo", [pipe]);
      const hanging = Array.from({ length: 10 }, () => store.get("k"));
      expect(await readFile(new URL(import.meta.url), "utf8")).toContain("never comes");
      // Opened for writing and for reading, which doesn't wait.
      const writer = await open(pipe, "r+");
      rmSync(pipe);
      await writer.writeFile("not a record");
      await writer.close();
      for (const value of await Promise.all(hanging)) expect(value).toBeNull();
      expect(await store.get("other")).toBe("v");
    },
  );
});

describe("sweeping", () => {
  const folder = () => openFolder(dir, "failfast");
  const numbers = async (key: string) =>
    (await files())
      .flatMap((name) => (name.startsWith(`${key}~`) ? [Number(name.split("~")[1])] : []))
      .sort();

  test("goes on where one key's files can't be removed", async () => {
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

  test("then removes what is two or more behind, and keeps the two newest", async () => {
    const store = fileStore(dir);
    for (let i = 0; i < 5; i++) await store.set("k", `v${i}`, 3_600_000);
    const before = await numbers("k");
    later(61_000);
    await sweep(folder());
    expect(await numbers("k")).toEqual(before.slice(-2));
    expect(await store.get("k")).toBe("v4");
  });

  test("removes all files of a key 60 s after its record expired or was deleted, and not before", async () => {
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

  test("and a key that starts anew gets a number above all it had", async () => {
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

  test("removes the drafts of processes that died", async () => {
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

  test("happens by itself after a write, once a minute for all processes", async () => {
    const store = fileStore(dir);
    for (let i = 0; i < 5; i++) await store.set("k", `v${i}`, 3_600_000);
    await until(async () => (await files()).includes(".swept"), "the first sweep");
    later(61_000);
    // A process that begins now.
    await fileStore(dir).set("k", "v5", 3_600_000);
    await until(async () => (await numbers("k")).length === 2, "the files behind were removed");
  });
});

describe("watching", () => {
  const silent = { change() {}, gap() {} };

  test("goes on where the folder vanished, and reports the gaps", async () => {
    const store = fileStore(dir);
    let gaps = 0;
    const values: string[] = [];
    const watching = await store.watch("", {
      change: ({ value }) => values.push(value),
      gap: () => void gaps++,
    });
    for (const path of [join(dir, "failfast"), dir]) {
      gaps = 0;
      rmSync(path, { recursive: true });
      await until(() => gaps >= 2, "it heard of the loss, and of watching again");
      await fileStore(dir).set("k", path, 60_000);
      await until(() => values.includes(path), "the change came");
    }
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
    // The symbolic link may have come after the folder was made again: then that is lost too.
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

  test("nothing is made before it is used", async () => {
    fileStore(join(dir, "unused"));
    expect(await readdir(dir)).not.toContain(basename("unused"));
  });
});
