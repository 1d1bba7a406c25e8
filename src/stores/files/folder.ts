import { readFile as readFileWithCallback } from "node:fs";
import { access, link, lstat, mkdir, readdir, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { oneAtATime } from "./one-at-a-time.js";

/** Takes a quarter of the time of the one in `node:fs/promises`. */
const readFile = promisify(readFileWithCallback);

/** What can be done with the files of a folder. */
export interface Files {
  /** The names; none where the folder has vanished. */
  list(): Promise<readonly string[]>;
  has(file: string): Promise<boolean>;
  /** `undefined` when there is no such file. */
  read(file: string): Promise<string | undefined>;
  /** Creates a file; `false` when the folder has vanished. */
  write(file: string, text: string): Promise<boolean>;
  /** Whether or not there is such a file. */
  remove(file: string): Promise<void>;
  /** The ms since the file came here; `undefined` when there is no such file. */
  age(file: string): Promise<number | undefined>;
}

/** A folder of this user's own. */
export interface Folder extends Files {
  readonly path: string;
  /** Where files are written before they come here: what happens there wakes no watcher. */
  readonly drafts: Files;
  /** Creates it where it is missing. Rejects where it isn't safe to use. */
  ensure(): Promise<void>;
  /** A draft becomes a file as well; `false` when there is such a file, or the draft isn't there any more. */
  link(draft: string, file: string): Promise<boolean>;
  /** When files came or went last, in ns since the epoch; `undefined` where the folder has vanished. */
  changedAt(): Promise<bigint | undefined>;
  /** Makes a file's age 0, creating it where it is missing. */
  touch(file: string): Promise<void>;
}

/** The folder with this name in `dir`. */
export function openFolder(dir: string, name: string): Folder {
  const path = join(dir, name);
  const draftsPath = join(path, "drafts");
  const next = oneAtATime();
  const drafts = filesIn(draftsPath, next);
  let complete = false;
  return {
    ...filesIn(path, next),
    path,
    drafts: {
      ...drafts,
      async write(draft, text) {
        complete = await drafts.write(draft, text);
        return complete;
      },
    },
    async ensure() {
      if (complete && (await next(() => isOwn(path)))) return;
      for (const each of [dir, path, draftsPath]) {
        if (await next(() => isOwn(each))) continue;
        await next(() => mkdir(each, { recursive: true, mode: 0o700 }));
        await next(() => isOwn(each));
      }
      complete = true;
    },
    link: (draft, file) =>
      next(() => did(["ENOENT", "EEXIST"], link(join(draftsPath, draft), join(path, file)))),
    changedAt: async () => (await next(() => unless(["ENOENT"], lstat(path, { bigint: true }))))?.mtimeNs,
    touch: (file) => next(() => writeFile(join(path, file), "", { mode: 0o600 })),
  };
}

function filesIn(path: string, next: ReturnType<typeof oneAtATime>): Files {
  const at = (file: string): string => join(path, file);
  return {
    list: async () => (await next(() => unless(["ENOENT"], readdir(path)))) ?? [],
    has: (file) => next(() => did(["ENOENT"], access(at(file)))),
    read: (file) => next(() => unless(["ENOENT"], readFile(at(file), "utf8"))),
    write: (file, text) =>
      next(() => did(["ENOENT"], writeFile(at(file), text, { flag: "wx", mode: 0o600 }))),
    remove: (file) => next(() => unless(["ENOENT"], unlink(at(file)))),
    async age(file) {
      // By the change of its status, for that is when it was linked; it may have been written long before.
      const stats = await next(() => unless(["ENOENT"], lstat(at(file))));
      return stats && Date.now() - stats.ctimeMs;
    },
  };
}

/** `undefined` in place of an error with one of these codes. */
async function unless<T>(codes: readonly string[], operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (codes.includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}

/** `false` in place of an error with one of these codes. */
async function did(codes: readonly string[], operation: Promise<void>): Promise<boolean> {
  const done = operation.then(() => true);
  return (await unless(codes, done)) === true;
}

/**
 * `false` where there is nothing. Where everybody may create folders, as in `/tmp`, another user may have been
 * first, with a folder of theirs or a link to one, to read what is written there or to say what is read.
 */
async function isOwn(path: string): Promise<boolean> {
  const stats = await unless(["ENOENT"], lstat(path));
  if (stats === undefined) return false;
  const user = process.getuid?.();
  if (stats.isSymbolicLink()) throw unsafe(path, "it is a symbolic link");
  if (!stats.isDirectory()) throw unsafe(path, "it is no folder");
  if (user !== undefined && stats.uid !== user) {
    throw unsafe(path, `it belongs to the user with the id ${stats.uid}, and this process runs as ${user}`);
  }
  return true;
}

function unsafe(path: string, why: string): Error {
  return new Error(
    `fileStore() can't use ${path}: ${why}. Remove it, or name a folder that belongs to this user.`,
  );
}
