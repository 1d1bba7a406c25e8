import type { Stats } from "node:fs";
import { link, lstat, mkdir, readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileName, type NumberedFile, parseName, temporaryName } from "./name.js";
import { type FileRecord, format, parse } from "./record.js";

/** The numbers that each stem has in the folder, in no order. */
export type Listing = ReadonlyMap<string, readonly number[]>;

/** The one folder in which all records of a fleet lie. */
export interface Folder {
  readonly path: string;
  /** Makes sure that the folder is there, and this user's own. */
  create(): Promise<void>;
  /** The names of all files; none where there is no folder. */
  names(): Promise<readonly string[]>;
  list(): Promise<Listing>;
  /** `"gone"` where the file is no longer there, `undefined` where it holds no record. */
  read(file: NumberedFile): Promise<FileRecord | undefined | "gone">;
  /** Writes a new file: whole or not at all. `false` where the name is taken. */
  add(file: NumberedFile, record: FileRecord): Promise<boolean>;
}

export function folderAt(path: string): Folder {
  const names = async (): Promise<readonly string[]> => {
    if (!(await isOwn(path))) return [];
    return (await unlessMissing(readdir(path))) ?? [];
  };
  return {
    path,
    names,
    async create() {
      if (await isOwn(path)) return;
      const parent = dirname(path);
      await mkdir(parent, { recursive: true, mode: 0o700 });
      await isOwn(parent);
      await mkdir(path, { recursive: true, mode: 0o700 });
      await isOwn(path);
    },
    async list() {
      const listing = new Map<string, number[]>();
      for (const name of await names()) {
        const file = parseName(name);
        if (file === undefined) continue;
        const numbers = listing.get(file.stem);
        if (numbers === undefined) listing.set(file.stem, [file.number]);
        else numbers.push(file.number);
      }
      return listing;
    },
    async read(file) {
      const text = await unlessMissing(readFile(join(path, fileName(file)), "utf8"));
      return text === undefined ? "gone" : parse(text);
    },
    async add(file, record) {
      const temporary = join(path, temporaryName());
      try {
        // Without fsync: other processes read from the same page cache, and no record need outlive the host.
        await writeFile(temporary, format(record), { flag: "wx", mode: 0o600 });
        await link(temporary, join(path, fileName(file)));
        return true;
      } catch (error) {
        if (hasCode(error, "EEXIST")) return false;
        throw error;
      } finally {
        // What it leaves behind is swept: no reason to call a write failed that stands.
        await unlink(temporary).catch(() => {});
      }
    },
  };
}

/** The highest number of a stem, 0 where it has none. */
export function highest(listing: Listing, stem: string): number {
  return (listing.get(stem) ?? []).reduce((most, number) => Math.max(most, number), 0);
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** `undefined` where the file or folder isn't there. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** `false` where nothing is there; throws where it isn't a folder of this user. */
async function isOwn(path: string): Promise<boolean> {
  const stats: Stats | undefined = await unlessMissing(lstat(path));
  if (stats === undefined) return false;
  if (!stats.isDirectory()) {
    const what = stats.isSymbolicLink() ? "a symbolic link" : "no folder";
    throw new Error(`fileStore() needs a folder of its own, but ${path} is ${what}: give it another dir`);
  }
  const user = process.geteuid?.();
  if (user !== undefined && stats.uid !== user) {
    throw new Error(
      `fileStore() runs as user ${user}, but ${path} belongs to user ${stats.uid}: give it another dir`,
    );
  }
  return true;
}
