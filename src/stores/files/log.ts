import type { SwapResult } from "../store.js";
import type { Folder } from "./folder.js";
import { baseOf, draftName, filesOf, numberedName } from "./name.js";
import { decodeRecord, encodeRecord, type FileRecord, live } from "./record.js";

// The highest-numbered file of a key holds what is stored under it. No file is ever changed, no number is
// ever given twice, and what gives it is link(), which is atomic and never replaces a file. No fsync: a
// record has to outlive its process, not the machine, for its whole fleet is on this machine.
//
// A writer that is paused for long must not get a number that others have used and removed meanwhile. So it
// creates its draft before it makes sure, by listing, that the number before is still the highest; and
// a process that makes a number free to take again removes, before that, the drafts that are after it. Then link()
// fails, and the paused writer begins anew: one whose link() succeeds has won, whatever it sees later.

/** Of a thousand writers in a row, all quicker. */
const ATTEMPTS = 1_000;
const GRAIN_MS = 60_000;

/** The number of a key's newest file, and what is stored: nothing where that file's record has expired. */
interface Newest {
  readonly number: number | undefined;
  readonly record: FileRecord | undefined;
}

/** What is stored under the key. */
export async function readOne(folder: Folder, key: string): Promise<string | null> {
  const { record } = await newest(folder, baseOf(key));
  return record?.value ?? null;
}

/** Writes the record if what is stored is as `when` wants it, and says what is stored now. */
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
 * The number a key starts with, and starts anew with after all its files were removed: by the clock, so that
 * it is above all numbers it had before, and coarse, so that those who start it together agree on it.
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

/** Takes the number after the last; `false` when another writer was quicker. */
async function claim(folder: Folder, base: string, last: number | undefined, text: string): Promise<boolean> {
  const number = last === undefined ? firstNumber() : last + 1;
  const draft = draftName(base, number);
  try {
    if (!(await folder.drafts.write(draft, text))) return false;
    if (last === undefined) await stopRivals(folder, base, number);
    if ((await highest(folder, base)) !== last) return false;
    // A big folder isn't listed in one instant, so that a number may be missing which was removed on the way.
    // Then this minute's first one is another, and the last one is gone, for lower ones are removed first.
    if (last === undefined ? firstNumber() !== number : !(await folder.has(numberedName(base, last))))
      return false;
    return await folder.link(draft, numberedName(base, number));
  } finally {
    // Nobody has to wait for it: it goes before whatever is asked of the folder next.
    folder.drafts.remove(draft).catch(() => {});
  }
}

/**
 * Where a key has no files, link() alone doesn't decide between writers that have different numbers in mind,
 * as those that saw another minute, or saw the files before they were removed. Of two such writers the one
 * whose draft came later finds the other's draft here, or else, when it lists the numbers, the other's file.
 */
async function stopRivals(folder: Folder, base: string, number: number): Promise<void> {
  for (const draft of filesOf(base, await folder.drafts.list())) {
    if (draft.number !== number) await folder.drafts.remove(draft.file);
  }
}

async function highest(folder: Folder, base: string): Promise<number | undefined> {
  return filesOf(base, await folder.list()).at(-1)?.number;
}

/** Tries until there is an answer: another process has changed the folder in between. */
async function persist<T>(folder: Folder, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let attempts = 0; attempts < ATTEMPTS; attempts++) {
    const answer = await attempt();
    if (answer !== undefined) return answer;
  }
  throw new Error(`fileStore() gave up: ${folder.path} changed under each of ${ATTEMPTS} attempts.`);
}
