import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { inspect } from "node:util";
import type { Store, SwapResult } from "../options/store.js";
import { openFolder } from "./files/folder.js";
import { Listing } from "./files/listing.js";
import { append, readOne } from "./files/log.js";
import { baseOf } from "./files/name.js";
import type { FileRecord } from "./files/record.js";
import { sweeper } from "./files/sweep.js";
import { watch } from "./files/watch.js";
import { checkOptions } from "./shared/options.js";

/** The options of `fileStore`. */
export interface FileStoreOptions {
  /**
   * Names the fleet: processes that use the same folder and prefix share their circuits. Any text except the empty one.
   * Default: `"failfast"`.
   */
  readonly prefix?: string;
}

/**
 * A store in the files of a folder: for the processes and worker threads of one host that run as one user.
 * It needs no installation and no configuration.
 *
 * The folder has to be on a local file system with hard links. If it is missing it is made, for this user alone. A
 * folder that belongs to another user, or that is a symbolic link, is refused by every method. If the file system
 * fails, a method rejects with its error; if it hangs, it occupies one thread of the process's pool.
 *
 * @param dir Default: `failfast-<user id>` in the system's folder for temporary files.
 * @throws {TypeError} `dir` or the prefix isn't a text of at least one character.
 */
export function fileStore(dir: string = defaultDir(), options: FileStoreOptions = {}): Required<Store> {
  checkOptions("fileStore", options, ["prefix"]);
  const { prefix = "failfast" } = options;
  const folder = openFolder(resolve(text("dir", dir)), baseOf(text("prefix", prefix)));
  const sweepSoon = sweeper(folder);
  const listing = new Listing(folder);

  const write = async (record: FileRecord, when: (stored: string | null) => boolean): Promise<SwapResult> => {
    const result = await append(folder, record, when);
    if (result.ok) sweepSoon();
    return result;
  };

  return {
    get: (key) => readOne(folder, key),
    set: (key, value, ttlMs) => write({ key, value, expires: Date.now() + ttlMs }, () => true),
    delete: (key) => write({ key, value: "", expires: 0 }, (stored) => stored !== null),
    swap: (key, expect, value, ttlMs) =>
      write({ key, value, expires: Date.now() + ttlMs }, (stored) => stored === expect),
    list: (start, since) => listing.list(start, since),
    watch: (start, on) => watch(folder, start, on),
    sibling: (name) => fileStore(dir, { prefix: `${prefix}:@${name}` }),
  };
}

/** The same for all processes of a user on this host. */
function defaultDir(): string {
  return join(tmpdir(), `failfast-${process.getuid?.() ?? baseOf(userInfo().username)}`);
}

function text(argument: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(
    `the ${argument} of fileStore() takes a text of at least one character, got ${inspect(value)}`,
  );
}
