import { CIRCUIT, circuitKey, HOLD, holdKey } from "../protocol/key.js";
import { detached } from "../runtime/detached.js";
import type { ForeignStore, StoreEntry } from "../stores/store.js";
import type { Replica } from "./replica.js";
import { retryDelay } from "./retry.js";
import { isEntry, listing, read } from "./store-operations.js";
import { within } from "./with-deadline.js";

/** Between polls: with push the poll only has to find what push lost, without it the poll is the news. */
const PUSHED_POLL_MS = 15_000;
const POLL_MS = 1_000;
/** Our own deadlines, in ms. */
const READ_MS = 1_000;
const WATCH_MS = 2_000;
/** A fleet's subscribers lose a store together and come back together. */
const GAP_JITTER_MS = 100;
/** The wall clock and the monotonic one disagree by this much: the process slept, or the clock was set. */
const SLEPT_MS = 1_000;
/** Single reads at a time, in a store that can't list. */
const BATCH = 16;

/**
 * Keeps the replica in step: subscribe, wait until live, read everything; then the pushes come in and a
 * jittered poll finds what they lost. Push is a hint, the poll is the guarantee. After every gap it reads
 * again. One read is under way at a time; a store that is down is asked about once a second, one that hangs
 * less and less often.
 */
export class Synchroniser {
  readonly #replica: Replica;
  #started = false;
  #settled = false;
  #ready: (() => void)[] = [];
  #watch: AsyncDisposable | undefined;
  #subscribing = false;
  #reading = false;
  #again = false;
  /** When the next read is to be, once one is over. */
  #due = -Infinity;
  /** No gap since the last read: what comes in now is new. */
  #unbroken = false;
  #down = false;
  /** Reads given up in a row: nothing was heard of the store since. */
  #hanging = 0;
  #cancel: (() => void) | undefined;
  #drift = 0;
  closed = false;

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  /** The store does not answer, or is no longer asked: calls go on with what this process knows, and probe alone. */
  get down(): boolean {
    return this.closed || this.#down;
  }

  /** Starts once, at the first use of the store; with a store that answers at once it is done on return. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#drift = this.#measureDrift();
    this.#subscribe();
  }

  /** Resolves when the store was first read, or that was given up. */
  ready(): Promise<void> {
    return this.#settled ? Promise.resolve() : new Promise((done) => this.#ready.push(done));
  }

  /** Something may have been missed: read everything again, soon. */
  gap(): void {
    if (!this.#started || this.closed) return;
    this.#unbroken = false;
    if (this.#reading || this.#subscribing) this.#again = true;
    else this.#hurry(this.#replica.clock.random() * GAP_JITTER_MS);
  }

  /** What was pushed is older than what is known: a late message, or the store forgot what is known, which a read tells. */
  oldNews(): void {
    if (!this.#down) this.#hurry(this.#pollTime(POLL_MS));
  }

  /** A write failed: see whether the store is still there. One known to be down is left alone. */
  doubt(): void {
    if (!this.down) this.gap();
  }

  /** A process that was suspended looks at the store before it believes its clock. */
  checkDrift(): void {
    const drift = this.#measureDrift();
    if (Math.abs(drift - this.#drift) < SLEPT_MS) return;
    this.#drift = drift;
    this.gap();
  }

  /** In a store that can't list, a name that comes into use is read by itself. */
  meet(name: string): void {
    if (!this.#started || this.closed || this.#replica.store.list) return;
    within(
      this.#replica.clock,
      READ_MS,
      () => this.#readKeys([circuitKey(name), holdKey(name)]),
      (outcome) => {
        if (!outcome.ok) this.doubt();
        else for (const entry of outcome.value) this.#replica.deliver(entry, { fresh: false, current: true });
      },
    );
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#cancel?.();
    this.#letIn();
    await this.#unsubscribe(this.#watch);
    this.#watch = undefined;
  }

  #subscribe(): void {
    const { store, clock } = this.#replica;
    if (this.#watch !== undefined) {
      this.#read();
      return;
    }
    this.#subscribing = true;
    within<AsyncDisposable | undefined>(
      clock,
      WATCH_MS,
      () =>
        store.watch?.("", {
          change: (entry) => detached(() => this.#pushed(entry)),
          gap: () => this.gap(),
        }),
      (outcome) => {
        this.#subscribing = false;
        if (!outcome.ok) this.#replica.trouble(outcome.error);
        else if (this.closed) void this.#unsubscribe(outcome.value);
        else this.#watch = outcome.value;
        this.#read();
      },
      (late) => {
        if (late.ok) void this.#unsubscribe(late.value);
      },
    );
  }

  #pushed(entry: StoreEntry): void {
    if (!this.closed) this.#replica.deliver(entry, { fresh: this.#unbroken, current: false });
  }

  #read(): void {
    if (this.closed || this.#reading) return;
    this.#reading = true;
    this.#again = false;
    const { clock, store } = this.#replica;
    const before = this.#replica.adoptions;
    const fresh = this.#unbroken;
    const sent = clock.now();
    within<unknown>(
      clock,
      READ_MS,
      () => (store.list ? store.list("") : this.#readNames()),
      (outcome) => {
        this.#reading = false;
        if (this.closed) return;
        try {
          if (!outcome.ok) throw outcome.error;
          this.#succeeded(this.#take(listing(outcome.value).entries, { before, fresh, sent }));
        } catch (error) {
          this.#hanging = !outcome.ok && outcome.hangs ? this.#hanging + 1 : 0;
          this.#failed(error);
        }
        this.#letIn();
      },
      () => {
        this.#hanging = 0;
        if (this.#down && !this.#reading && !this.#subscribing) this.#retry(1 / 2);
      },
    );
  }

  /**
   * What the store has now. What it lacks was forgotten, unless it came in while we were reading. Whether all of it
   * were entries.
   */
  #take(entries: Iterable<StoreEntry>, read: { before: number; fresh: boolean; sent: number }): boolean {
    const { before, fresh, sent } = read;
    const found = new Set<string>();
    let whole = true;
    for (const entry of entries) {
      if (!isEntry(entry)) {
        this.#replica.refuse();
        whole = false;
        continue;
      }
      if (found.size === 0) this.#replica.storeClock.learn(entry.now, sent);
      found.add(entry.key);
      this.#replica.deliver(entry, { fresh, current: this.#olderThan(entry.key, before) });
    }
    for (const entry of this.#replica.entries()) {
      if (found.has(entry.key) || entry.write !== undefined || entry.adopted > before) continue;
      this.#replica.lacks(entry);
    }
    return whole;
  }

  #olderThan(key: string, before: number): boolean {
    const entry = key.startsWith(CIRCUIT)
      ? this.#replica.circuits.get(key.slice(CIRCUIT.length))
      : this.#replica.holds.get(key.slice(HOLD.length));
    return entry === undefined || (entry.adopted <= before && entry.write === undefined);
  }

  /** In a store that can't list: the circuits in use, one by one. */
  #readNames(): Promise<StoreEntry[]> {
    return this.#readKeys(
      [...this.#replica.subscribers.keys()].flatMap((name) => [circuitKey(name), holdKey(name)]),
    );
  }

  async #readKeys(keys: readonly string[]): Promise<StoreEntry[]> {
    const entries: StoreEntry[] = [];
    for (let from = 0; from < keys.length; from += BATCH) {
      const values = await Promise.all(
        keys
          .slice(from, from + BATCH)
          .map(async (key) => ({ key, value: await read(this.#replica.store, key) })),
      );
      for (const { key, value } of values) if (value !== null) entries.push({ key, value });
    }
    return entries;
  }

  #succeeded(whole: boolean): void {
    const wasDown = this.#down;
    this.#down = false;
    this.#hanging = 0;
    this.#unbroken = true;
    this.#replica.prune();
    if (whole) this.#replica.recovered();
    for (const [name, subscriber] of this.#replica.subscribers) {
      // A write that failed though reads succeed has a pace of its own.
      const waits = this.#replica.circuits.get(name)?.retry !== undefined;
      if (wasDown || (subscriber.pending && !waits)) subscriber.flush();
    }
    // What others than this library do in the store nobody pushes.
    const foreign = (this.#replica.store as Partial<ForeignStore>).foreign;
    const pushed = this.#watch !== undefined && !foreign;
    this.#schedule(this.#pollTime(pushed ? PUSHED_POLL_MS : POLL_MS));
    if (this.#again) this.gap();
  }

  #failed(error: unknown): void {
    this.#down = true;
    this.#unbroken = false;
    this.#replica.trouble(error);
    this.#retry();
  }

  /** Sooner, where an answer that was given up came after all. */
  #retry(share = 1): void {
    this.#schedule(share * retryDelay(this.#hanging, this.#replica.clock.random()));
  }

  /** Sooner, if that is sooner: where a read is under way its time has come. */
  #hurry(ms: number): void {
    if (this.#replica.clock.now() + ms < this.#due) this.#schedule(ms);
  }

  #pollTime(ms: number): number {
    return ms * (0.8 + 0.4 * this.#replica.clock.random());
  }

  #schedule(ms: number): void {
    this.#cancel?.();
    this.#due = this.#replica.clock.now() + ms;
    this.#cancel = this.#replica.clock.after(ms, () => {
      this.checkDrift();
      this.#subscribe();
    });
  }

  #letIn(): void {
    this.#settled = true;
    for (const done of this.#ready.splice(0)) done();
  }

  async #unsubscribe(watch: AsyncDisposable | undefined): Promise<void> {
    try {
      await watch?.[Symbol.asyncDispose]();
    } catch {
      // It is gone either way.
    }
  }

  #measureDrift(): number {
    return this.#replica.clock.wall() - this.#replica.clock.now();
  }
}
