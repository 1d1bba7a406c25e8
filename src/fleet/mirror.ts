import type { Store, StoreEntry } from "../options/store.js";
import { systemClock } from "../runtime/system-clock.js";
import { StoreClock } from "../sync/store-clock.js";
import { listing, read } from "../sync/store-operations.js";
import { withDeadline } from "../sync/with-deadline.js";
import { type EntryMeaning, MirrorEntries } from "./mirror-entries.js";

/** How long a list may take, in ms. */
const LIST_MS = 5_000;
const WATCH_MS = 5_000;
/** Time between two full lists, if the store can list changes: a list of changes leaves out what is gone. */
const FULL_MS = 30_000;
/** After a list that failed. */
const RETRY_MS = 1_000;

export interface MirrorOptions<T> extends EntryMeaning<T> {
  /** Between two lists, in ms. */
  readonly everyMs: number;
  /** The same while changes are pushed. */
  readonly pushedEveryMs: number;
  changed(): void;
  /** Whether anybody still looks. */
  wanted(): boolean;
}

/** A copy of all that a store holds, kept up to date while somebody looks: for observers, and not for circuits. */
export class Mirror<T> {
  readonly clock: StoreClock = new StoreClock(systemClock);
  up = true;
  /** Since when it is up or down, on this process's wall clock. */
  since: number = systemClock.wall();
  latencyMs: number | undefined;
  error: string | undefined;
  readonly #store: Store;
  readonly #options: MirrorOptions<T>;
  readonly #entries: MirrorEntries<T>;
  #cursor: string | undefined;
  #fullAt = -Infinity;
  /** When the latest list that was read in had been requested. */
  #listedAt = -Infinity;
  #gaps = 0;
  #running = false;
  #closed = false;
  #reading: Promise<void> | undefined;
  #cancel: () => void = () => undefined;
  #watcher: "none" | "opening" | AsyncDisposable = "none";
  /** Push is interrupted. */
  #lost = false;

  constructor(store: Store, options: MirrorOptions<T>) {
    this.#store = store;
    this.#options = options;
    this.#entries = new MirrorEntries(options);
  }

  /** The decoded entries, by key. */
  get entries(): ReadonlyMap<string, T> {
    return this.#entries.byKey;
  }

  /** Reads now, and continues. */
  start(): Promise<void> {
    if (this.#running || this.#closed || this.#store.list === undefined)
      return this.#reading ?? Promise.resolve();
    this.#running = true;
    return this.#read();
  }

  /** Reads some records by their keys, from a store that can't list. */
  readKeys(keys: readonly string[]): Promise<void> {
    const sent = systemClock.now();
    return new Promise((done) => {
      withDeadline(
        systemClock,
        LIST_MS,
        () => Promise.all(keys.map((key) => read(this.#store, key))),
        (outcome) => {
          if (outcome.ok) this.#found(keys, outcome.value, sent);
          else this.#failed(outcome.error);
          done();
        },
      );
    });
  }

  #found(keys: readonly string[], values: readonly (string | null)[], sent: number): void {
    this.latencyMs = systemClock.now() - sent;
    for (const [at, key] of keys.entries()) {
      const value = values[at] ?? null;
      if (value === null) this.#entries.byKey.delete(key);
      else this.#entries.put({ key, value }, this.clock.now());
    }
    this.#setUp(true);
    this.#options.changed();
  }

  /** Asks for changes to be pushed, if the store can do that. */
  watch(): void {
    const { watch } = this.#store;
    if (watch === undefined || this.#watcher !== "none" || this.#closed) return;
    this.#watcher = "opening";
    this.#lost = false;
    const on = {
      change: (entry: StoreEntry) => {
        this.#entries.push(entry, this.clock.now(), systemClock.now());
        this.#options.changed();
      },
      gap: () => {
        this.#lost = false;
        this.#again();
      },
      // It is called again for each failed attempt to reconnect.
      lost: () => {
        if (this.#lost) return;
        this.#lost = true;
        this.#again();
      },
    };
    const keep = (handle: AsyncDisposable): void => {
      if (this.#closed || this.#watcher !== "opening") void ended(handle);
      else this.#watcher = handle;
    };
    withDeadline(
      systemClock,
      WATCH_MS,
      () => watch.call(this.#store, "", on),
      (outcome) => {
        if (outcome.ok) keep(outcome.value);
        else if (outcome.hangs !== true) this.#watcher = "none";
        // What came before it was live may be incomplete.
        this.#again();
      },
      (late) => (late.ok ? keep(late.value) : undefined),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#unwatch();
  }

  async #unwatch(): Promise<void> {
    const handle = this.#watcher;
    this.#watcher = "none";
    if (typeof handle === "object") await ended(handle);
  }

  /** Something may have been missed. */
  #again(): void {
    this.#gaps += 1;
    this.#fullAt = -Infinity;
    if (this.#running && this.#reading === undefined) void this.#read();
  }

  #read(): Promise<void> {
    this.#cancel();
    const sent = systemClock.now();
    const full = sent - this.#fullAt >= FULL_MS;
    const gaps = this.#gaps;
    const { list } = this.#store;
    this.#reading = new Promise((done) => {
      withDeadline<unknown>(
        systemClock,
        LIST_MS,
        () => list?.call(this.#store, "", ...((full ? [] : [this.#cursor]) as [string?])),
        (outcome) => {
          if (outcome.ok) this.#listed(outcome.value, sent, full);
          else this.#failed(outcome.error);
          this.#reading = undefined;
          if (gaps !== this.#gaps) this.#fullAt = -Infinity;
          this.#next(gaps !== this.#gaps);
          done();
        },
        // The deadline only limits how long somebody waits. An answer after it is just as true.
        (late) => {
          if (late.ok && !this.#closed && sent > this.#listedAt) this.#listed(late.value, sent, full);
        },
      );
    });
    return this.#reading;
  }

  #next(soon: boolean): void {
    if (this.#closed) return;
    if (!this.#options.wanted()) {
      this.#running = false;
      void this.#unwatch();
      return;
    }
    const pushed = typeof this.#watcher === "object" && !this.#lost;
    const { everyMs, pushedEveryMs } = this.#options;
    const ms = !this.up ? RETRY_MS : soon ? 0 : pushed ? pushedEveryMs : everyMs;
    this.#cancel = systemClock.after(ms, () => void this.#read());
  }

  #listed(answer: unknown, sent: number, full: boolean): void {
    try {
      const { entries, now, cursor, complete } = listing(answer);
      this.latencyMs = systemClock.now() - sent;
      this.clock.learn(now, sent);
      const everything = full || complete === true || this.#cursor === undefined;
      if (everything) this.#fullAt = sent;
      this.#entries.putList(entries, { full: everything, now: this.clock.now(), sent });
      this.#cursor = cursor;
      this.#listedAt = sent;
      this.#setUp(true);
    } catch (error) {
      this.#failed(error);
    }
    this.#options.changed();
  }

  #failed(error: unknown): void {
    this.error = error instanceof Error ? error.message : String(error);
    this.#setUp(false);
    this.#options.changed();
  }

  #setUp(up: boolean): void {
    if (up) this.error = undefined;
    if (this.up === up) return;
    this.up = up;
    this.since = systemClock.wall();
  }
}

/** Ignores the outcome, whether it throws or rejects. */
const ended = (handle: AsyncDisposable): Promise<void> =>
  Promise.resolve()
    .then(() => handle[Symbol.asyncDispose]())
    .catch(() => undefined);
