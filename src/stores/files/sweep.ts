import type { Files, Folder } from "./folder.js";
import { firstNumber } from "./log.js";
import { type FileName, filesByKey } from "./name.js";
import { decodeRecord } from "./record.js";

const KEPT_MS = 60_000;
/** A file whose age is the time since the last sweep, by any process. */
const MARK = ".swept";

/** Sweeps the folder in the background, unless it was swept within the last minute. */
export function sweeper(folder: Folder): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - last < KEPT_MS) return;
    last = now;
    // Files that remain are left to the next sweep.
    sweepIfDue(folder).catch(() => {});
  };
}

async function sweepIfDue(folder: Folder): Promise<void> {
  const age = await folder.age(MARK);
  if (age !== undefined && age <= KEPT_MS) return;
  await folder.touch(MARK);
  await sweep(folder);
}

/**
 * Removes files that nobody needs any more: files two or more numbers behind, drafts of processes that died, and all
 * files of a key whose newest record has expired. Each is removed 60 s after that.
 */
export async function sweep(folder: Folder): Promise<void> {
  const taken = filesByKey(await folder.list());
  // Drafts are listed after the numbers, so that the list contains the drafts of every writer that found such a number
  // free. Then the numbers are listed once more, so that none is missing that came meanwhile.
  const drafts = filesByKey(await folder.drafts.list());
  const files = filesByKey(await folder.list());
  for (const base of new Set([...drafts.keys(), ...files.keys()])) {
    const newest = taken.get(base)?.at(-1);
    try {
      await sweepDrafts(folder, newest, drafts.get(base) ?? []);
      await sweepFiles(folder, newest, files.get(base) ?? []);
    } catch {
      // A file that can't be removed keeps the rest of its own key, and no other key.
    }
  }
}

async function sweepDrafts(
  { drafts }: Folder,
  newest: FileName | undefined,
  ofKey: readonly FileName[],
): Promise<void> {
  for (const { number, file } of ofKey) {
    if (number <= (newest?.number ?? 0) || (await isOld(drafts, file))) await drafts.remove(file);
  }
}

async function sweepFiles(
  folder: Folder,
  newest: FileName | undefined,
  ofKey: readonly FileName[],
): Promise<void> {
  if (newest === undefined) return;
  const ended = await hasEnded(folder, newest);
  // Lowest first; otherwise a replaced record would become the newest again.
  for (const { number, file } of ofKey) {
    if (number > (ended ? newest.number : newest.number - 2)) return;
    if (ended || (await isOld(folder, file))) await folder.remove(file);
  }
}

/** Numbers below the first one of this minute are never used again. */
async function hasEnded(folder: Folder, { file, number }: FileName): Promise<boolean> {
  if (number >= firstNumber() || !(await isOld(folder, file))) return false;
  const text = await folder.read(file);
  return text !== undefined && (decodeRecord(text)?.expires ?? 0) < Date.now() - KEPT_MS;
}

async function isOld(files: Files, file: string): Promise<boolean> {
  return ((await files.age(file)) ?? 0) > KEPT_MS;
}
