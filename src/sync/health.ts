import type { VersionedRecord } from "../protocol/record.js";
import type { Entry } from "./entry.js";

/** Is told about the store's health. */
export interface StoreHealth {
  /** Reads or writes fail, or a record can't be read. */
  down(error: unknown): void;
  up(): void;
  /** The store works, but not completely: it refused push. */
  limited(error: unknown): void;
}

/** Up to this many unreadable records are reported one by one. */
const MOST_INVALID = 100;

/**
 * What is wrong with the store, reported once while it lasts: reads or writes that fail, and records that can't be
 * read. Neither hides the other.
 */
export class Health {
  readonly #listener: StoreHealth;
  #failing = false;
  /** The last report was `down`. */
  #reportedDown = false;
  readonly #invalid = new Map<string, string>();
  readonly #unreported = new Map<string, unknown>();
  #limited = false;
  /** What can't be written, although the store may answer otherwise. */
  readonly unwritten: Set<Entry<VersionedRecord>> = new Set();

  constructor(listener: StoreHealth) {
    this.#listener = listener;
  }

  /** A read or a write failed. */
  failed(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#down(error);
  }

  /** A read or a write succeeded. All is well again, unless there is something that still can't be written. */
  recovered(): void {
    if (!this.#failing) return;
    for (const entry of this.unwritten) {
      if (entry.subscriber?.pending || entry.operators > 0) return;
      this.unwritten.delete(entry);
    }
    this.#failing = false;
    this.#up();
  }

  /** The store's value under the key can't be read. */
  invalid(key: string, raw: string, error: unknown): void {
    const known = this.#invalid.get(key);
    if (known === raw || (known === undefined && this.#invalid.size >= MOST_INVALID)) return;
    this.#invalid.set(key, raw);
    this.#unreported.set(key, error);
  }

  /** A read is complete: reports the records that couldn't be read. */
  reportInvalid(): void {
    for (const error of this.#unreported.values()) this.#down(error);
    this.#unreported.clear();
  }

  /** The store has a readable record under the key, or nothing. */
  valid(key: string): void {
    this.#unreported.delete(key);
    if (this.#invalid.delete(key) && this.#invalid.size === 0 && !this.#failing) this.#up();
  }

  /** A whole list was read: forgets those unreadable records that are gone. */
  listed(keys: ReadonlySet<string>): void {
    for (const key of this.#invalid.keys()) if (!keys.has(key)) this.valid(key);
  }

  /** Reads succeed, but the store refused push. */
  limited(error: unknown): void {
    if (this.#limited) return;
    this.#limited = true;
    this.#listener.limited(error);
  }

  #down(error: unknown): void {
    this.#reportedDown = true;
    this.#listener.down(error);
  }

  #up(): void {
    if (!this.#reportedDown) return;
    this.#reportedDown = false;
    this.#listener.up();
  }
}
