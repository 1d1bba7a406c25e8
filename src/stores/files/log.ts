import type { StoreEntry, SwapResult } from "../store.js";
import { type Folder, highest } from "./folder.js";
import { mayStartWith, stemOf } from "./name.js";
import { valueAt } from "./record.js";
import { KEPT } from "./sweep.js";

/** Of so many writers in a row, all were quicker. */
const ATTEMPTS = 1_000;

/** What is stored under the key: what its highest-numbered file holds. */
export async function readOne(folder: Folder, key: string): Promise<string | null> {
  const { value } = await newest(folder, stemOf(key));
  return value;
}

/** Every live record whose key starts with the prefix. */
export async function readAll(folder: Folder, prefix: string): Promise<StoreEntry[]> {
  const found: StoreEntry[] = [];
  for (const [stem, numbers] of await folder.list()) {
    if (!mayStartWith(stem, prefix)) continue;
    const record = await folder.read({ stem, number: Math.max(...numbers) });
    const { key, value } =
      record === "gone"
        ? await newest(folder, stem)
        : { key: record?.key, value: valueAt(record, Date.now()) };
    if (key?.startsWith(prefix) && value !== null) found.push({ key, value, now: Date.now() });
  }
  return found;
}

/**
 * Writes the record if what is stored is as `when` wants it, and says what is stored now.
 *
 * The record becomes a file under the next number, which `link()` gives to one writer only. Only a writer that
 * slept for long might be given a number that was used and swept meanwhile: a higher one is then still there,
 * and says that it lost. For one that was quick, a higher number is another's who built on this one.
 */
export async function append(
  folder: Folder,
  record: { readonly key: string; readonly value: string | null; readonly ttlMs: number },
  when: (stored: string | null) => boolean,
): Promise<SwapResult> {
  const { key, value, ttlMs } = record;
  const stem = stemOf(key);
  await folder.create();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const started = performance.now();
    const last = await newest(folder, stem);
    if (!when(last.value)) return { ok: false, value: last.value, now: Date.now() };
    const number = last.number + 1;
    if (!(await folder.add({ stem, number }, { key, value, expires: Date.now() + ttlMs }))) continue;
    const quick = performance.now() - started < KEPT / 2;
    if (quick || highest(await folder.list(), stem) === number) return { ok: true, value, now: Date.now() };
    return { ok: false, value: await readOne(folder, key), now: Date.now() };
  }
  throw new Error(`fileStore() gave up: ${folder.path} changed under each of ${ATTEMPTS} attempts`);
}

interface Newest {
  readonly number: number;
  readonly key: string | undefined;
  readonly value: string | null;
}

async function newest(folder: Folder, stem: string): Promise<Newest> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const number = highest(await folder.list(), stem);
    if (number === 0) break;
    const record = await folder.read({ stem, number });
    // Swept between the listing and the reading: list again.
    if (record !== "gone") return { number, key: record?.key, value: valueAt(record, Date.now()) };
  }
  return { number: 0, key: undefined, value: null };
}
