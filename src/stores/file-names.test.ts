import { rmSync } from "node:fs";
import { chown, lstat, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { dir, files, newFolder, useNewFolders } from "./file.fixture.js";
import { fileStore } from "./file.js";
import { listAll } from "./list-all.fixture.js";

useNewFolders();

describe("the folder", () => {
  test("is created with its parents, readable for its user only, and so are the files", async () => {
    await fileStore(join(dir, "a", "b")).set("k", "v", 60_000);
    const path = join(dir, "a", "b", "failfast");
    for (const each of [path, join(path, ".."), join(path, "..", "..")]) {
      expect((await lstat(each)).mode & 0o777, each).toBe(0o700);
    }
    for (const file of await readdir(path)) {
      expect((await lstat(join(path, file))).mode & 0o777, file).toBe(file === "drafts" ? 0o700 : 0o600);
    }
  });

  test("is by default the user's own in the system's temporary folder", async () => {
    vi.stubEnv("TMPDIR", dir);
    await fileStore().set("k", "v", 60_000);
    expect(await readdir(dir)).toEqual([`failfast-${process.getuid?.()}`]);
    expect(await fileStore().get("k")).toBe("v");
  });

  test("is created again if it vanished", async () => {
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

  test("may contain other files", async () => {
    const store = fileStore(dir);
    await store.set("k", "v", 60_000);
    await writeFile(join(dir, "failfast", "readme~x"), "hello");
    await mkdir(join(dir, "failfast", "k"));
    expect(await listAll(store)).toMatchObject([{ key: "k", value: "v" }]);
  });

  test("has a subfolder for each prefix, whatever the prefix", async () => {
    const prefixes = ["a", "A", "..", "../b", "/", "é", "x".repeat(300)];
    const folder = join(dir, "records");
    for (const prefix of prefixes) await fileStore(folder, { prefix }).set("k", prefix, 60_000);
    for (const prefix of prefixes) expect(await fileStore(folder, { prefix }).get("k")).toBe(prefix);
    expect(await readdir(folder)).toHaveLength(prefixes.length);
    expect(await readdir(dir)).toEqual(["records"]);
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

  test("may be any strings, and list returns them unchanged", async () => {
    const store = fileStore(dir);
    for (const key of [...odd, ...long]) await store.set(key, `of ${key}`, 60_000);
    for (const key of [...odd, ...long]) expect(await store.get(key)).toBe(`of ${key}`);
    const listed = await listAll(store);
    expect(listed.map(({ key }) => key).sort()).toEqual([...odd, ...long].sort());
    for (const { key, value } of listed) expect(value).toBe(`of ${key}`);
  });

  test("are listed by their prefixes, also long ones", async () => {
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

  // With the id of a draft, which has 37 characters, they have at most 255.
  test("become file names that every file system accepts and distinguishes", async () => {
    const store = fileStore(dir);
    for (const key of [...odd, ...long, "A", "a"]) await store.set(key, "v", 60_000);
    const names = (await files()).filter((name) => name !== ".swept" && name !== "drafts");
    expect(names).toHaveLength(odd.length + long.length + 2);
    for (const name of names) expect(name).toMatch(/^[a-z0-9_%~-]{1,218}$/);
  });
});
