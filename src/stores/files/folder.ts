import { readFile as readFileWithCallback } from "node:fs";
import { access, link, lstat, mkdir, readdir, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { oneAtATime } from "./one-at-a-time.js";

/** Four times faster than the one in `node:fs/promises`. */
const readFile = promisify(readFileWithCallback);

/** Operations on the files of a folder. */
export interface Files {
  /** The names; none if the folder has vanished. */
  list(): Promise<readonly string[]>;
  has(file: string): Promise<boolean>;
  /** `undefined` if there is no such file. */
  read(file: string): Promise<string | undefined>;
  /** Creates a file; `false` if the folder has vanished. */
  write(file: string, text: string): Promise<boolean>;
  /** Removes a file, whether it exists or not. */
  remove(file: string): Promise<void>;
  /** The age of the file in this folder, in ms; `undefined` if there is no such file. */
  age(file: string): Promise<number | undefined>;
}

/** A folder that belongs to this user. */
export interface Folder extends Files {
  readonly path: string;
  /** Where files are written before they are linked here. Changes there wake no watcher. */
  readonly drafts: Files;
  /** Creates it if it is missing. Rejects if it isn't safe to use. */
  ensure(): Promise<void>;
  /** Links a draft as a file; `false` if that file exists already, or the draft no longer exists. */
  link(draft: string, file: string): Promise<boolean>;
  /** When files were last added or removed, in ns since the epoch; `undefined` if the folder has vanished. */
  changedAt(): Promise<bigint | undefined>;
  /** Sets a file's age to 0, and creates the file if it is missing. */
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
      next(() => did(["ENOENT", "EEXIST"], link(join(draftsPath, draft), join(path, file)))).catch(
        (error) => {
          throw LINKLESS.includes(error.code) ? linkless(path, error) : error;
        },
      ),
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
      // By the time its status changed, which is when it was linked; it may have been written long before.
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
 * `false` if there is nothing. In a folder where everybody may create folders, such as `/tmp`, another user may have
 * made this folder, or a link to another one, in order to read or to forge what is in it.
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
    `fileStore() can't use ${path}: ${why}. Remove it, or name a folder that belongs to this user; in a mounted volume, one below its top.`,
  );
}

/** What systems say of `link()` on shared folders of virtual machines, network drives and FAT. */
const LINKLESS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV"];

function linkless(path: string, cause: NodeJS.ErrnoException): Error {
  const why = `its file system takes no hard links (${cause.message})`;
  return Object.assign(
    new Error(`fileStore() can't use ${path}: ${why}. Name a folder on a local disk.`, { cause }),
    {
      code: cause.code,
    },
  );
}
