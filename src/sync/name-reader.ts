import { circuitKey, holdKey, subjectOf } from "../protocol/key.js";
import type { KeyReader, KeyToRead, ReaderHost } from "./key-reader.js";
import type { Outcome } from "./with-deadline.js";

/** The rate over a longer time, and of the first read. Each name has two keys. */
const KEYS_PER_SECOND = 100;
const FIRST_KEYS = 2_000;
/** This many reads are reserved for names that come into use between two polls, so that those are read at once. */
const RESERVED_NAMES = 10;
/** A name is not read again within this time, in ms. */
const PAUSE_MS = 700;
/** A name that is called this short a time after it was read, in ms, is probably called often. */
const OFTEN_MS = 2_000;
/** A change since a read this short a time ago, in ms, counts as new. */
const LATELY_MS = 3_000;

/**
 * Reads names one by one, if the store can't list: at most `KEYS_PER_SECOND`, however many names there are. First come
 * the names that just came into use. Names whose circuit restricts calls or has something to propose get half of the
 * rest, and names that were called since they were last read three quarters of what remains, most of it those that are
 * called often. The last are the names that have not been read for the longest time.
 */
export class NameReader {
  readonly #host: ReaderHost;
  readonly #keys: KeyReader;
  readonly #new = new Set<string>();
  readonly #called = new Set<string>();
  readonly #calledOften = new Set<string>();
  /** When each name was read, the oldest read first. */
  readonly #readAt = new Map<string, number>();
  /** How many keys may be read now, and how many at most after a pause. */
  #keysLeft = FIRST_KEYS;
  #mostLeft = KEYS_PER_SECOND;
  #countedAt: number | undefined;

  constructor(host: ReaderHost, keys: KeyReader) {
    this.#host = host;
    this.#keys = keys;
  }

  add(name: string): void {
    this.#new.add(name);
  }

  /** A call came, the first one since the name was last read. */
  called(name: string): void {
    const soon = this.#host.clock.now() - (this.#readAt.get(name) ?? -Infinity) <= OFTEN_MS;
    (soon ? this.#calledOften : this.#called).add(name);
  }

  forget(name: string): void {
    this.#new.delete(name);
    this.#called.delete(name);
    this.#calledOften.delete(name);
    this.#readAt.delete(name);
  }

  /** Reads a name that came into use: at once if the rate allows it, otherwise before names that have been read. */
  readNew(name: string, done: (outcome: Outcome<undefined>) => void): void {
    if (this.#namesAllowed() > 0) this.#read(new Set([name]), false, done);
    else this.#new.add(name);
  }

  /** Reads the names that are next. `unbroken`: no change was missed since they were last read. */
  readNext(unbroken: boolean, done: (outcome: Outcome<undefined>) => void): void {
    const allowed = this.#namesAllowed();
    const most = Math.max(allowed - RESERVED_NAMES, 1);
    const names = this.#takeNew(most);
    const due = this.#host.clock.now() - PAUSE_MS;
    const isDue = (name: string): boolean => (this.#readAt.get(name) ?? Infinity) <= due;
    const take = (from: Iterable<string>, end: number): void => {
      for (const name of from) {
        if (names.size >= end) break;
        if (isDue(name)) names.add(name);
      }
    };
    take(this.#urgent(), (names.size + most) / 2);
    const rest = most - names.size;
    take(this.#calledOften, most - rest / 2);
    take(this.#called, most - rest / 4);
    take(this.#calledOften, most - rest / 4);
    for (const name of this.#readAt.keys()) {
      // One name is always read; otherwise nothing would show whether a store that was down is back.
      if (names.size >= most || (names.size > 0 && !isDue(name))) break;
      names.add(name);
    }
    this.#read(names, unbroken, done);
    this.#keysLeft = Math.min(this.#keysLeft, this.#mostLeft);
  }

  /** Reads left over between two polls may be used by the next, if the polls are this far apart. */
  saveUp(pollMs: number): void {
    this.#mostLeft = (KEYS_PER_SECOND * pollMs) / 1_000;
  }

  /** Names whose circuit restricts calls or has something to propose, the oldest read first, so that each gets its turn. */
  *#urgent(): Generator<string> {
    const { cache } = this.#host;
    const urgent = new Set<string>();
    for (const entry of cache.entries()) {
      const { key, subscriber } = entry;
      const subject =
        subscriber && (subscriber.pending || cache.restricts(entry)) ? subjectOf(key) : undefined;
      if (subject !== undefined) urgent.add(subject.encoded);
    }
    for (const name of this.#readAt.keys()) {
      if (urgent.size === 0) return;
      if (urgent.delete(name)) yield name;
    }
  }

  #takeNew(allowed: number): Set<string> {
    const names = new Set<string>();
    for (const name of this.#new) {
      if (names.size >= allowed) break;
      names.add(name);
      this.#new.delete(name);
    }
    return names;
  }

  #namesAllowed(): number {
    const now = this.#host.clock.now();
    const earned = ((now - (this.#countedAt ?? now)) * KEYS_PER_SECOND) / 1_000;
    this.#countedAt = now;
    this.#keysLeft = Math.max(this.#keysLeft, Math.min(this.#keysLeft + earned, this.#mostLeft));
    return Math.floor(this.#keysLeft / 2);
  }

  #read(names: ReadonlySet<string>, unbroken: boolean, done: (outcome: Outcome<undefined>) => void): void {
    const now = this.#host.clock.now();
    const keys: KeyToRead[] = [];
    for (const name of names) {
      const fresh = unbroken && now - (this.#readAt.get(name) ?? -Infinity) <= LATELY_MS;
      this.#readAt.delete(name);
      this.#readAt.set(name, now);
      this.#called.delete(name);
      this.#calledOften.delete(name);
      this.#host.cache.subscribers.get(name)?.renewAdmission?.();
      keys.push({ key: circuitKey(name), fresh }, { key: holdKey(name), fresh });
    }
    this.#keysLeft -= keys.length;
    this.#keys.read(keys, (outcome) => {
      if (!outcome.ok)
        for (const name of names) if (this.#readAt.has(name)) this.#readAt.set(name, -Infinity);
      done(outcome);
    });
  }
}
