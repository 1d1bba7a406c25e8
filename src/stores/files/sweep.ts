import { stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type Folder, unlessMissing } from "./folder.js";
import { fileName, isTemporary } from "./name.js";

/** How long a file that no longer counts is kept, in ms: a swap that takes half as long can't be misled. */
export const KEPT = 60_000;

const DAY = 24 * 3_600_000;

/**
 * Removes what no longer counts: files two or more behind the highest of their key that have been replaced
 * for a minute, temporary files as old, and all of a key that expired a day ago.
 */
export async function sweep(folder: Folder): Promise<void> {
  const now = Date.now();
  const remove = (name: string) => unlessMissing(unlink(join(folder.path, name)));
  // Linking a file renews its ctime: the time since when it stands there.
  const age = async (name: string): Promise<number> => {
    const stats = await unlessMissing(stat(join(folder.path, name)));
    return stats === undefined ? Number.NaN : now - stats.ctimeMs;
  };

  for (const name of await folder.names()) {
    if (isTemporary(name) && (await age(name)) > KEPT) await remove(name);
  }
  for (const [stem, unordered] of await folder.list()) {
    const numbers = [...unordered].sort((a, b) => a - b);
    const last = numbers.at(-1) ?? 0;
    if ((await age(fileName({ stem, number: last }))) > DAY) {
      const record = await folder.read({ stem, number: last });
      // Numbers start again after this. Nobody holds a value that expired a day ago, so every swap that
      // still knows the old numbers expects nothing, and that is what is there; readers list again. The
      // one thing given up: of two swaps at the very moment of removal, one that listed before it and
      // one after it, both may succeed, and the higher number stands, as if set.
      if (record !== "gone" && (record === undefined || record.expires < now - DAY)) {
        for (const number of numbers) await remove(fileName({ stem, number }));
        continue;
      }
    }
    for (const [at, number] of numbers.slice(0, -2).entries()) {
      const next = numbers[at + 1] ?? last;
      if (!((await age(fileName({ stem, number: next }))) > KEPT)) break;
      await remove(fileName({ stem, number }));
    }
  }
}
