import type { SwapResult } from "../../options/store.js";
import type { Folder } from "./folder.js";
import { baseOf, draftName, filesOf, numberedName } from "./name.js";
import { decodeRecord, encodeRecord, type FileRecord, live } from "./record.js";

// The highest-numbered file of a key has the value that is stored under it. A file is never changed, and no number is
// used twice: link() gives a file its number, which is atomic and never replaces a file. There is no fsync: a record has
// to outlive its process, but not the machine, since its whole fleet runs on this machine.
//
// A writer that was paused for long must not get a number that others have used and removed meanwhile. So a writer
// first creates its draft, and then lists the folder, to be sure that the number before is still the highest. And a
// process that removes a file first removes all drafts for its number. Then link() fails, and the paused writer begins
// again. A writer whose link() succeeds has won, whatever it sees later.

/** It gives up when this many other writers in a row were quicker. */
const ATTEMPTS = 1_000;
const GRAIN_MS = 60_000;

/** The number of a key's newest file, and the value, which is absent if that file's record has expired. */
interface Newest {
  readonly number: number | undefined;
  readonly record: FileRecord | undefined;
}

/** The value stored under the key. */
export async function readOne(folder: Folder, key: string): Promise<string | null> {
  const { record } = await newest(folder, baseOf(key));
  return record?.value ?? null;
}

/** Writes the record if the stored value meets `when`, and returns what is stored now. */
export function append(
  folder: Folder,
  record: FileRecord,
  when: (stored: string | null) => boolean,
): Promise<SwapResult> {
  const base = baseOf(record.key);
  return persist(folder, async () => {
    const last = await newest(folder, base);
    const stored = last.record?.value ?? null;
    if (!when(stored)) return { ok: false, value: stored, now: Date.now() };
    const won = await claim(folder, base, last.number, encodeRecord(record));
    return won ? { ok: true, value: record.value, now: Date.now() } : undefined;
  });
}

/**
 * The number with which a key starts, also after all its files were removed. It comes from the clock, so that it is
 * above all earlier numbers, and it is coarse, so that writers that start together use the same one.
 */
export function firstNumber(): number {
  const now = Date.now();
  return now - (now % GRAIN_MS);
}

function newest(folder: Folder, base: string): Promise<Newest> {
  return persist(folder, async () => {
    await folder.ensure();
    const number = await highest(folder, base);
    if (number === undefined) return { number, record: undefined };
    const text = await folder.read(numberedName(base, number));
    // Removed since it was listed.
    if (text === undefined) return undefined;
    return { number, record: live(decodeRecord(text)) };
  });
}

/** Takes the next number; `false` if another writer was quicker. */
async function claim(folder: Folder, base: string, last: number | undefined, text: string): Promise<boolean> {
  const number = last === undefined ? firstNumber() : last + 1;
  const draft = draftName(base, number);
  try {
    if (!(await folder.drafts.write(draft, text))) return false;
    if (last === undefined) await stopRivals(folder, base, number);
    if ((await highest(folder, base)) !== last) return false;
    // A big folder isn't listed in one instant, so a number that was removed meanwhile may be missing. In that case
    // this minute's first number has changed, and the last one is gone, because lower numbers are removed first.
    if (last === undefined ? firstNumber() !== number : !(await folder.has(numberedName(base, last))))
      return false;
    return await folder.link(draft, numberedName(base, number));
  } finally {
    // Nobody waits for it: it runs before the next operation on the folder.
    folder.drafts.remove(draft).catch(() => {});
  }
}

/**
 * If a key has no files, link() alone doesn't decide between writers with different numbers, for example because they
 * saw different minutes, or saw the files before they were removed. Of two such writers, the one whose draft came later
 * finds the other's draft here, or the other's file when it lists the numbers.
 */
async function stopRivals(folder: Folder, base: string, number: number): Promise<void> {
  for (const draft of filesOf(base, await folder.drafts.list())) {
    if (draft.number !== number) await folder.drafts.remove(draft.file);
  }
}

async function highest(folder: Folder, base: string): Promise<number | undefined> {
  return filesOf(base, await folder.list()).at(-1)?.number;
}

/** Tries until there is an answer. A failed attempt means that another process changed the folder in between. */
async function persist<T>(folder: Folder, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let attempts = 0; attempts < ATTEMPTS; attempts++) {
    const answer = await attempt();
    if (answer !== undefined) return answer;
  }
  throw new Error(`fileStore() gave up: ${folder.path} changed under each of ${ATTEMPTS} attempts.`);
}
