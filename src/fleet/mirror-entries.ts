import type { StoreEntry } from "../options/store.js";
import { isEntry } from "../sync/store-operations.js";

/** What entries mean to the observer. */
export interface EntryMeaning<T> {
  /** The meaning of an entry; `undefined` if it has none. */
  decode(entry: StoreEntry, now: number): T | undefined;
  /** Whether the first of two entries with one key was written after the second. */
  isNewer(one: T, other: T): boolean;
}

/** About the answer of one list. */
interface List {
  /** It contains everything that the store has. */
  readonly full: boolean;
  /** By the store's clock. */
  readonly now: number;
  /** When it was requested, by this process's clock. */
  readonly sent: number;
}

/** The decoded entries of a mirror, by key. Lists and pushes may arrive in another order than they were written. */
export class MirrorEntries<T> {
  readonly byKey: Map<string, T> = new Map();
  readonly #meaning: EntryMeaning<T>;
  /** What was pushed, and when: a list that was requested earlier may not contain it. */
  readonly #pushed = new Map<string, { readonly at: number; readonly decoded: T }>();

  constructor(meaning: EntryMeaning<T>) {
    this.#meaning = meaning;
  }

  /** @param now by the store's clock. */
  put(entry: StoreEntry, now: number): T | undefined {
    if (!isEntry(entry)) return undefined;
    const decoded = this.#meaning.decode(entry, now);
    if (decoded === undefined) this.byKey.delete(entry.key);
    else this.#keep(entry.key, decoded);
    return decoded;
  }

  /** @param at when it arrived, by this process's clock. */
  push(entry: StoreEntry, now: number, at: number): void {
    const decoded = this.put(entry, now);
    if (decoded !== undefined) this.#pushed.set(entry.key, { at, decoded });
  }

  putList(entries: Iterable<StoreEntry>, { full, now, sent }: List): void {
    if (full) this.byKey.clear();
    for (const entry of entries) this.put(entry, now);
    for (const [key, { at, decoded }] of this.#pushed) {
      if (at >= sent) this.#keep(key, decoded);
      else this.#pushed.delete(key);
    }
  }

  #keep(key: string, decoded: T): void {
    const known = this.byKey.get(key);
    if (known === undefined || !this.#meaning.isNewer(known, decoded)) this.byKey.set(key, decoded);
  }
}
