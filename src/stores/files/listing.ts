import { randomUUID } from "node:crypto";
import type { StoreListing } from "../../options/store.js";
import type { Folder } from "./folder.js";
import { type FileName, filesByKey, numberedName, parseName } from "./name.js";
import { decodeRecord, type FileRecord, live } from "./record.js";

/** A folder that changed less than this many ms ago may change again without a new time. */
const SAME_TIME_MS = 100;

/** After this many names, other work gets its turn. */
const NAMES_AT_ONCE = 1_000;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** The newest file of a key. */
interface Newest {
  readonly number: number;
  /** `undefined`: it contains no complete record. */
  readonly record: FileRecord | undefined;
  /** The number of its change, as this listing counts changes. */
  readonly change: number;
}

/** The contents of a folder, as last read. Files never change, so each is read once. */
export class Listing {
  readonly #folder: Folder;
  /** The cursors of another listing, in this process or another, are not valid here. */
  readonly #id = randomUUID();
  readonly #newest = new Map<string, Newest>();
  #changes = 0;
  /** The names that were read, and when the folder had changed before they were listed. */
  #seen: ReadonlySet<string> = new Set();
  #changedAt: bigint | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** Every live record whose key starts with the prefix, or only those that changed since the cursor. */
  async list(prefix: string, since: string | undefined): Promise<StoreListing> {
    const refreshed = this.#last.then(() => this.#refresh());
    this.#last = refreshed.catch(() => {});
    await refreshed;
    const after = since === undefined ? undefined : this.#changesAt(since);
    const now = Date.now();
    const entries = [];
    for (const { record, change } of this.#newest.values()) {
      if (after !== undefined && change <= after) continue;
      const alive = live(record);
      if (alive?.key.startsWith(prefix)) entries.push({ key: alive.key, value: alive.value, now });
    }
    const complete = since !== undefined && after === undefined;
    return { entries, now, cursor: this.#cursor(this.#changes), ...(complete ? { complete } : {}) };
  }

  async #refresh(): Promise<void> {
    await this.#folder.ensure();
    const changedAt = await this.#folder.changedAt();
    if (changedAt !== undefined && changedAt === this.#changedAt) return;
    const names = await this.#folder.list();
    const listedAt = Date.now();
    const files = new Set<string>();
    let known = 0;
    for (const [at, file] of names.entries()) {
      files.add(file);
      if (this.#seen.has(file)) known++;
      else await this.#readNew(file, files);
      if (at % NAMES_AT_ONCE === 0) await turn();
    }
    if (known < this.#seen.size) await this.#readAnew(files);
    this.#seen = files;
    const settled = changedAt !== undefined && listedAt - Number(changedAt / 1_000_000n) > SAME_TIME_MS;
    const allRead = files.size === names.length;
    this.#changedAt = settled && allRead ? changedAt : undefined;
  }

  async #readNew(file: string, files: Set<string>): Promise<void> {
    const name = parseName(file);
    // If it no longer exists, it is searched again.
    if (name !== undefined && !(await this.#read(name))) files.delete(file);
  }

  /** Reads a file, if it is the newest of its key; `false` if it no longer exists. */
  async #read({ base, number, file }: FileName): Promise<boolean> {
    if (number <= (this.#newest.get(base)?.number ?? -1)) return true;
    const text = await this.#folder.read(file);
    if (text === undefined) return false;
    this.#newest.set(base, { number, record: decodeRecord(text), change: ++this.#changes });
    return true;
  }

  /** If the newest file of a key is gone, swept or with the whole folder, another is the newest, or none. */
  async #readAnew(files: ReadonlySet<string>): Promise<void> {
    const gone = [...this.#newest].filter(([base, { number }]) => !files.has(numberedName(base, number)));
    if (gone.length === 0) return;
    const left = filesByKey([...files]);
    for (const [base] of gone) {
      this.#newest.delete(base);
      const newest = left.get(base)?.at(-1);
      if (newest !== undefined) await this.#read(newest);
    }
  }

  #cursor(changes: number): string {
    return `${this.#id}:${changes}`;
  }

  #changesAt(cursor: string): number | undefined {
    const changes = Number(cursor.slice(this.#id.length + 1));
    return changes <= this.#changes && cursor === this.#cursor(changes) ? changes : undefined;
  }
}
