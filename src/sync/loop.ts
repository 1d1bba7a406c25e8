import type { StoreEntry } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import { detached } from "../runtime/detached.js";
import type { Subscriber } from "./entry.js";
import { KeyReader, READ_MS, type ReaderHost } from "./key-reader.js";
import { NameReader } from "./name-reader.js";
import { arrivalOf, type ListRead, type ReconcileHost, Reconciler, refuseEntry } from "./reconcile.js";
import { retryDelay } from "./retry.js";
import { inSlices } from "./slices.js";
import { isEntry, listing } from "./store-operations.js";
import { Subscription } from "./subscription.js";
import { type Outcome, withDeadline } from "./with-deadline.js";

/** Between polls: with push the poll only has to find what push lost, without it the poll is the news. */
const PUSHED_POLL_MS = 15_000;
const POLL_MS = 1_000;
/** What was read so long ago is looked at again before it is believed. */
const PUSHED_STALE_MS = 20_000;
const STALE_MS = 2_000;
/** Between two lists in full, where the store can tell what changed. */
const FULL_LIST_MS = 3_600_000;
/** No circuit has this key. */
const NO_NAME = "circuit:";
/** How long `ready` waits. */
const READY_MS = 5_000;
/** So many reads in a row were given up, and the store is down, though it answers other questions. */
const DOWN_AFTER = 3;
/** An answer that took long gives the next ones longer, up to this. */
const LONGEST_READ_MS = 60_000;
/** A fleet's subscribers lose a store together and come back together. */
const GAP_JITTER_MS = 100;
/** The longest sleep: one that takes this much longer is no sleep of this timer, but of the process. */
const NAP_MS = 1_000;
const OVERSLEPT_MS = 500;
/** The wall clock and the monotonic one disagree by this much: the process slept, or the clock was set. */
const SLEPT_MS = 1_000;

/** What keeping in step takes of the replica. */
export interface LoopHost extends ReaderHost, ReconcileHost {
  readonly foreign: boolean;
  readonly subscribers: ReadonlyMap<string, Subscriber>;
}

/** A read, of a list or of names. */
interface Read extends ListRead {
  readonly gaps: number;
  readonly full: boolean;
}

/**
 * Keeps the replica in step: subscribe, wait until live, read everything; then the pushes come in and a
 * jittered poll finds what they lost. Push is a hint, the poll is the guarantee. After every gap it reads
 * again. One read is under way at a time; a store that is down is asked about once a second, one that hangs
 * less and less often.
 */
export class Synchroniser {
  readonly #host: LoopHost;
  readonly #clock: Clock;
  readonly #keys: KeyReader;
  readonly #names: NameReader;
  readonly #reconciler: Reconciler;
  readonly #subscription: Subscription;
  #started = false;
  #down = false;
  #closed = false;
  #subscribing = false;
  /** The read under way, unless it was given up. */
  #current: Read | undefined;
  #again = false;
  /** Nothing was missed since the last read: what comes in now is new. */
  #unbroken = false;
  #gaps = 0;
  /** When the newest read that succeeded was sent. */
  #readAt = -Infinity;
  #cursor: string | undefined;
  #fullDue = -Infinity;
  #patience = READ_MS;
  /** Reads given up in a row: nothing was heard of the store since. */
  #timeouts = 0;
  /** When the next read is to be. */
  #due = Infinity;
  #wakeAt = Infinity;
  #cancel: (() => void) | undefined;
  #drift = 0;
  /** Those who wait for a read that was sent after their time. */
  #waiting: { readonly after: number; readonly done: () => void }[] = [];

  constructor(host: LoopHost) {
    this.#host = host;
    this.#clock = host.clock;
    this.#keys = new KeyReader(host);
    this.#names = new NameReader(host, this.#keys);
    this.#reconciler = new Reconciler(host);
    this.#subscription = new Subscription(host, {
      change: (entry) => detached(() => this.#pushed(entry)),
      gap: () => this.gap(),
    });
  }

  /** The store does not answer, or is no longer asked: calls go on with what this process knows, and probe alone. */
  get down(): boolean {
    return this.#closed || this.#down;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts once, at the first use of the store; with a store that answers at once it is done on return. */
  start(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    this.#drift = this.#measureDrift();
    if (!this.#host.store.list) for (const name of this.#host.subscribers.keys()) this.#names.add(name);
    this.#subscribing = true;
    this.#subscription.begin(() => {
      this.#subscribing = false;
      this.#read();
    });
  }

  /**
   * Resolves when the store was read, or that was given up, and at once where it was read lately: a process that slept
   * reads again.
   */
  ready(): Promise<void> {
    this.start();
    this.checkDrift();
    const after = this.#clock.now() - this.#pushedOr(PUSHED_STALE_MS, STALE_MS);
    if (this.#closed || (this.#unbroken && this.#readAt >= after)) return Promise.resolve();
    return new Promise((done) => {
      const cancel = this.#clock.after(READY_MS, done);
      this.#waiting.push({
        after,
        done: () => {
          cancel();
          done();
        },
      });
      this.#read();
    });
  }

  /** Something may have been missed: read everything again, soon. */
  gap(): void {
    this.#gaps++;
    this.#unbroken = false;
    this.#fullDue = -Infinity;
    this.#readSoon();
  }

  /** What was pushed is older than what is known: a late message, or the store forgot what is known, which a read tells. */
  oldNews(): void {
    if (!this.#down) this.#hurry(this.#jittered(POLL_MS));
  }

  /** A write failed: see whether the store is still there. One known to be down is left alone. */
  doubt(): void {
    if (!this.down) this.#readSoon();
  }

  /** A process that was suspended looks at the store before it believes its clock. */
  checkDrift(): void {
    const drift = this.#measureDrift();
    const overslept = this.#clock.now() - this.#wakeAt > OVERSLEPT_MS;
    if (Math.abs(drift - this.#drift) < SLEPT_MS && !overslept) return;
    this.#drift = drift;
    this.#wakeAt = Infinity;
    this.#gaps++;
    this.#unbroken = false;
    this.#readSoon();
  }

  /** A name that comes into use is read by itself, where no list has told of it. */
  readNewName(name: string): void {
    if (!this.#started || this.#closed || (this.#host.store.list && !this.#host.cache.overflowed)) return;
    this.#names.readNew(name, (outcome) => {
      if (!outcome.ok) this.doubt();
    });
  }

  forgetName(name: string): void {
    this.#names.forget(name);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#letIn(Infinity);
    await this.#subscription.end();
  }

  #pushed(entry: StoreEntry): void {
    if (this.#closed) return;
    const { cache, storeClock, health } = this.#host;
    if (isEntry(entry)) cache.deliver(entry, arrivalOf(storeClock, entry.now, this.#unbroken), false);
    else refuseEntry(health);
    health.tellInvalid();
  }

  get #busy(): boolean {
    return this.#subscribing || this.#current !== undefined;
  }

  #poll(): void {
    this.#subscription.renew();
    this.#read();
  }

  #read(): void {
    if (this.#closed || this.#busy) return;
    this.#again = false;
    const { store, cache } = this.#host;
    const sent = this.#clock.now();
    const full = sent >= this.#fullDue;
    const read: Read = {
      sent,
      adoptions: cache.adoptions,
      fresh: this.#unbroken,
      since: full ? undefined : this.#cursor,
      gaps: this.#gaps,
      full,
    };
    this.#current = read;
    if (!store.list) {
      this.#names.readNext(this.#unbroken, (outcome) => this.#over(outcome, read));
      return;
    }
    // One that takes long is a slow answer or a store that is down: another question tells.
    const cancel = this.#clock.after(this.#patience / 2, () =>
      this.#keys.read([{ key: NO_NAME, fresh: false }], () => undefined),
    );
    const { list } = store;
    const args: [prefix: string, since?: string] = read.since === undefined ? [""] : ["", read.since];
    withDeadline<unknown>(
      this.#clock,
      this.#patience,
      () => list.apply(store, args),
      (outcome) => {
        cancel();
        this.#listed(outcome, read);
      },
      (late) => this.#listedLate(late, read),
    );
  }

  #listed(outcome: Outcome<unknown>, read: Read): void {
    if (outcome.ok) {
      this.#timeouts = 0;
      this.#take(outcome.value, read);
      return;
    }
    this.#timeouts = outcome.hangs ? this.#timeouts + 1 : 0;
    const alive = this.#host.answerTimes.heardAt > read.sent && this.#timeouts < DOWN_AFTER;
    if (!outcome.hangs || !alive) {
      this.#over(outcome, read);
      return;
    }
    this.#patience = Math.min(2 * this.#patience, LONGEST_READ_MS);
    this.#current = undefined;
    this.#retry();
  }

  /** Given up long since: what the store says is taken all the same, unless a newer read was answered. */
  #listedLate(outcome: Outcome<unknown>, read: Read): void {
    this.#timeouts = 0;
    if (outcome.ok && read.sent > this.#readAt) this.#take(outcome.value, read);
    else if (this.#down && !this.#busy) this.#retry(1 / 2);
  }

  #take(answer: unknown, read: Read): void {
    if (this.#closed) return;
    const failed = (error: unknown): void => this.#over({ ok: false, error }, read);
    try {
      const listed = listing(answer);
      const took = this.#clock.now() - read.sent;
      this.#patience = Math.min(Math.max(2 * took, READ_MS), LONGEST_READ_MS);
      this.#host.answerTimes.note(read.sent, this.#clock.now());
      this.#reconciler.take(listed, read, (outcome) => {
        if (!outcome.ok) {
          failed(outcome.error);
          return;
        }
        this.#cursor = typeof listed.cursor === "string" ? listed.cursor : undefined;
        if (read.full && read.gaps === this.#gaps) this.#fullDue = read.sent + this.#jittered(FULL_LIST_MS);
        this.#keys.read(outcome.value, (verified) => this.#over(verified, read));
      });
    } catch (error) {
      failed(error);
    }
  }

  #over(outcome: Outcome<unknown>, read: Read): void {
    if (this.#current === read) this.#current = undefined;
    if (this.#closed) return;
    if (outcome.ok) this.#succeeded(read);
    else this.#failed(outcome.error);
    this.#letIn(outcome.ok ? read.sent : Infinity);
    if (this.#again) this.#readSoon();
  }

  #succeeded(read: Read): void {
    const { health, subscribers, cache } = this.#host;
    const wasDown = this.#down;
    this.#down = false;
    this.#readAt = Math.max(this.#readAt, read.sent);
    this.#unbroken = read.gaps === this.#gaps;
    if (wasDown) this.#subscription.hurry();
    this.#subscription.report();
    health.recovered();
    health.tellInvalid();
    inSlices(
      this.#clock,
      subscribers,
      ([name, subscriber]) => {
        // A write that failed though reads succeed has a pace of its own.
        const waits = cache.circuits.get(name)?.retry !== undefined;
        if (wasDown || (subscriber.pending && !waits)) subscriber.flush();
      },
      () => undefined,
    );
    const pollMs = this.#pushedOr(PUSHED_POLL_MS, POLL_MS);
    this.#names.saveUp(pollMs);
    this.#schedule(this.#jittered(pollMs));
  }

  #failed(error: unknown): void {
    this.#down = true;
    this.#unbroken = false;
    this.#host.health.failed(error);
    this.#retry();
  }

  /** What others than this library do in the store nobody pushes. */
  #pushedOr(pushed: number, otherwise: number): number {
    return this.#subscription.live && !this.#host.foreign ? pushed : otherwise;
  }

  /** Sooner, where an answer that was given up came after all. */
  #retry(share = 1): void {
    this.#schedule(share * retryDelay(this.#timeouts, this.#clock.random()));
  }

  #readSoon(): void {
    if (!this.#started || this.#closed) return;
    if (this.#busy) this.#again = true;
    else this.#hurry(this.#clock.random() * GAP_JITTER_MS);
  }

  /** Sooner, if that is sooner: where a read is under way its time has come. */
  #hurry(ms: number): void {
    if (!this.#busy && this.#clock.now() + ms < this.#due) this.#schedule(ms);
  }

  #jittered(ms: number): number {
    return ms * (0.8 + 0.4 * this.#clock.random());
  }

  #schedule(ms: number): void {
    this.#due = this.#clock.now() + ms;
    this.#nap();
  }

  /** Sleeps until the next read is due, in naps, so that it is seen when the whole process slept. */
  #nap(): void {
    this.#cancel?.();
    const ms = Math.min(this.#due - this.#clock.now(), NAP_MS);
    this.#wakeAt = this.#clock.now() + ms;
    this.#cancel = this.#clock.after(ms, () => {
      this.checkDrift();
      this.#wakeAt = Infinity;
      if (this.#clock.now() >= this.#due) this.#poll();
      else this.#nap();
    });
  }

  /** A read that was sent then is over. */
  #letIn(sent: number): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ after }) => sent < after);
    for (const { after, done } of waiting) if (sent >= after) done();
    if (this.#waiting.length > 0) this.#again = true;
  }

  #measureDrift(): number {
    return this.#clock.wall() - this.#clock.now();
  }
}
