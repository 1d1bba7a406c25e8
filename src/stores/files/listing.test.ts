import { mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StoreListing } from "../../options/store.js";
import { type Folder, openFolder } from "./folder.js";
import { Listing } from "./listing.js";
import { append } from "./log.js";

let dir = "";
let read: string[] = [];
let listed = 0;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "failfast-listing-"));
  read = [];
  listed = 0;
});

afterEach(() => rm(dir, { recursive: true }));

/** A folder that counts what is read of it. */
function counting(): Folder {
  const folder = openFolder(dir, "records");
  return {
    ...folder,
    list() {
      listed++;
      return folder.list();
    },
    read(file) {
      read.push(file);
      return folder.read(file);
    },
  };
}

const set = (key: string, value: string, ttlMs = 60_000): Promise<unknown> =>
  append(openFolder(dir, "records"), { key, value, expires: Date.now() + ttlMs }, () => true);

const keys = ({ entries }: StoreListing): string[] => [...entries].map(({ key }) => key).sort();

test("a file is read once, however often the folder is listed", async () => {
  for (const key of ["a", "b", "c"]) await set(key, "1");
  const listing = new Listing(counting());
  expect(keys(await listing.list("", undefined))).toEqual(["a", "b", "c"]);
  expect(read).toHaveLength(3);
  await set("b", "2");
  expect(keys(await listing.list("", undefined))).toEqual(["a", "b", "c"]);
  expect(read).toHaveLength(4);
  expect(read[3]).toMatch(/^b~/);
  await Promise.all([listing.list("", undefined), listing.list("", undefined)]);
  expect(read).toHaveLength(4);
});

test("a folder without changes for a while is not listed again until it changes", async () => {
  await set("a", "1");
  const listing = new Listing(counting());
  await listing.list("", undefined);
  await listing.list("", undefined);
  // It may have changed within the same tick of its clock.
  expect(listed).toBe(2);
  const before = new Date(Date.now() - 60_000);
  await utimes(join(dir, "records"), before, before);
  for (let again = 0; again < 3; again++) expect(keys(await listing.list("", undefined))).toEqual(["a"]);
  expect(listed).toBe(3);
  await set("b", "1");
  expect(keys(await listing.list("", undefined))).toEqual(["a", "b"]);
  expect(listed).toBe(4);
});

test("a list since a cursor has the changes, without expired records", async () => {
  await set("a", "1");
  const listing = new Listing(counting());
  const { cursor } = await listing.list("", undefined);
  expect(keys(await listing.list("", cursor))).toEqual([]);
  await set("b", "1");
  await set("c", "1", 0);
  const changed = await listing.list("", cursor);
  expect(keys(changed)).toEqual(["b"]);
  expect(changed).not.toHaveProperty("complete");
  expect(keys(await listing.list("", changed.cursor))).toEqual([]);
});

test("a cursor of another listing of this folder gives everything", async () => {
  await set("a", "1");
  const { cursor } = await new Listing(counting()).list("", undefined);
  const everything = await new Listing(counting()).list("", cursor);
  expect(everything).toMatchObject({ complete: true });
  expect(keys(everything)).toEqual(["a"]);
});

test("a removed file is absent, and a later write is found", async () => {
  for (const key of ["a", "b"]) await set(key, "1");
  const folder = counting();
  const listing = new Listing(folder);
  const { cursor } = await listing.list("", undefined);
  for (const file of await folder.list()) if (file.startsWith("a~")) await folder.remove(file);
  expect(keys(await listing.list("", undefined))).toEqual(["b"]);
  await rm(join(dir, "records"), { recursive: true });
  expect(keys(await listing.list("", undefined))).toEqual([]);
  await set("a", "2");
  expect([...(await listing.list("", cursor)).entries]).toMatchObject([{ key: "a", value: "2" }]);
});

test("the second newest file counts if the newest of a key is removed", async () => {
  await set("a", "1");
  await set("a", "2");
  const folder = counting();
  const listing = new Listing(folder);
  await listing.list("", undefined);
  const newest =
    (await folder.list())
      .filter((file) => file.startsWith("a~"))
      .sort()
      .at(-1) ?? "";
  await folder.remove(newest);
  expect([...(await listing.list("", undefined)).entries]).toMatchObject([{ key: "a", value: "1" }]);
});

test("a file that vanishes while listing is looked at again, even if the folder's time stays", async () => {
  await set("a", "1");
  const before = new Date(Date.now() - 60_000);
  await utimes(join(dir, "records"), before, before);
  const folder = counting();
  let gone = true;
  const listing = new Listing({
    ...folder,
    read: (file) => (gone ? Promise.resolve(undefined) : folder.read(file)),
  });
  expect(keys(await listing.list("", undefined))).toEqual([]);
  gone = false;
  expect(keys(await listing.list("", undefined))).toEqual(["a"]);
});

test("a list after a failed one succeeds", async () => {
  await set("a", "1");
  const folder = counting();
  let fails = true;
  const listing = new Listing({
    ...folder,
    list: () => (fails ? Promise.reject(new Error("EIO")) : folder.list()),
  });
  await expect(listing.list("", undefined)).rejects.toThrow("EIO");
  fails = false;
  expect(keys(await listing.list("", undefined))).toEqual(["a"]);
});
