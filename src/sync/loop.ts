import type { Clock } from "../runtime/clock.js";
import { detached } from "../runtime/detached.js";
import { KeyReader } from "./key-reader.js";
import { ListReader, type ListReaderHost } from "./list-reader.js";
import { NameReader } from "./name-reader.js";
import { type ProposeHost, proposePending } from "./propose-pending.js";
import { ReadTimer } from "./read-timer.js";
import { ReadWaiters } from "./read-waiters.js";
import { type ListRead, takePush } from "./reconcile.js";
import { jittered, retryDelay } from "./retry.js";
import { Subscription } from "./subscription.js";
import type { Outcome } from "./with-deadline.js";

/** Between polls: with push the poll only has to find what push lost, without it the poll is the news. */
const PUSHED_POLL_MS = 15_000;
const POLL_MS = 1_000;
/** What was read so long ago is looked at again before it is believed. */
const PUSHED_STALE_MS = 20_000;
const STALE_MS = 2_000;
/** A fleet's subscribers lose a store together and come back together. */
const GAP_JITTER_MS = 100;

/** What keeping in step takes of the replica. */
export interface LoopHost extends ListReaderHost, ProposeHost {
  readonly foreign: boolean;
}

/** A read, of a list or of names. */
interface Read extends ListRead {
  /** How many gaps there had been by then. */
  readonly gaps: number;
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
  readonly #lists: ListReader<Read>;
  readonly #names: NameReader;
  readonly #subscription: Subscription;
  readonly #timer: ReadTimer;
  readonly #waiters: ReadWaiters;
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
  /** How often the process was suspended, as far as it knows. */
  sleeps = 0;
  /** When something may have been missed last. */
  #missedAt = -Infinity;
  /** When the newest read that succeeded was sent. */
  #readAt = -Infinity;

  constructor(host: LoopHost) {
    this.#host = host;
    this.#clock = host.clock;
    const keys = new KeyReader(host);
    this.#names = new NameReader(host, keys);
    this.#lists = new ListReader(host, keys, {
      over: (outcome, read) => this.#over(outcome, read),
      tooSlow: () => {
        this.#current = undefined;
        this.#retry();
      },
      isNews: (read) => read.sent > this.#readAt,
      isBack: () => {
        if (this.#down && !this.#busy) this.#retry(1 / 2);
      },
    });
    this.#subscription = new Subscription(host, {
      change: (entry) => {
        if (!this.#closed) detached(() => takePush(host, entry, this.#unbroken));
      },
      gap: () => this.gap(),
    });
    this.#timer = new ReadTimer(host.clock, {
      due: () => {
        this.#subscription.renew();
        this.#read();
      },
      slept: () => {
        this.sleeps++;
        this.#missed();
        this.#readSoon();
      },
    });
    this.#waiters = new ReadWaiters(host.clock);
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
    this.#timer.start();
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
    const lately = this.#clock.now() - this.#pushedOr(PUSHED_STALE_MS, STALE_MS);
    const after = Math.max(lately, this.#missedAt);
    if (this.#closed || (this.#unbroken && this.#readAt >= after)) return Promise.resolve();
    const read = this.#waiters.wait(after);
    this.#read();
    return read;
  }

  /** Something may have been missed: read everything again, soon. */
  gap(): void {
    this.#missed();
    this.#lists.listInFull();
    this.#readSoon();
  }

  /** What was pushed is older than what is known: a late message, or the store forgot what is known, which a read tells. */
  oldNews(): void {
    if (!this.#down && !this.#busy) this.#timer.hurry(jittered(POLL_MS, this.#clock));
  }

  /** A write failed: see whether the store is still there. One known to be down is left alone. */
  doubt(): void {
    if (!this.down) this.#readSoon();
  }

  /** A process that was suspended looks at the store before it believes its clock. */
  checkDrift(): void {
    this.#timer.checkDrift();
  }

  /** A name that comes into use is read by itself, where no list had it. */
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
    this.#timer.stop();
    this.#lists.stop();
    this.#waiters.readOver(Infinity);
    await this.#subscription.end();
  }

  get #busy(): boolean {
    return this.#subscribing || this.#current !== undefined;
  }

  #read(): void {
    if (this.#closed || this.#busy) return;
    this.#again = false;
    const read: Read = {
      sent: this.#clock.now(),
      adoptions: this.#host.cache.adoptions,
      fresh: this.#unbroken,
      since: this.#lists.since,
      gaps: this.#gaps,
    };
    this.#current = read;
    if (this.#host.store.list) this.#lists.read(read);
    else this.#names.readNext(this.#unbroken, (outcome) => this.#over(outcome, read));
  }

  #over(outcome: Outcome<unknown>, read: Read): void {
    if (this.#current === read) this.#current = undefined;
    if (this.#closed) return;
    if (outcome.ok) this.#succeeded(read);
    else this.#failed(outcome.error);
    this.#waiters.readOver(outcome.ok ? read.sent : Infinity);
    if (this.#again || this.#waiters.any) this.#readSoon();
  }

  #succeeded(read: Read): void {
    const { health } = this.#host;
    const wasDown = this.#down;
    this.#down = false;
    this.#readAt = Math.max(this.#readAt, read.sent);
    this.#unbroken = read.gaps === this.#gaps;
    if (this.#unbroken) this.#lists.nothingMissed(read);
    if (wasDown) this.#subscription.hurry();
    this.#subscription.report();
    health.recovered();
    health.tellInvalid();
    proposePending(this.#host, wasDown);
    const pollMs = this.#pushedOr(PUSHED_POLL_MS, POLL_MS);
    this.#names.saveUp(pollMs);
    this.#timer.schedule(jittered(pollMs, this.#clock));
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
    this.#timer.schedule(share * retryDelay(this.#lists.timeouts, this.#clock.random()));
  }

  #readSoon(): void {
    if (!this.#started || this.#closed) return;
    if (this.#busy) this.#again = true;
    else this.#timer.hurry(this.#clock.random() * GAP_JITTER_MS);
  }

  /** What came in is no longer all there is to know. */
  #missed(): void {
    this.#gaps++;
    this.#missedAt = this.#clock.now();
    this.#unbroken = false;
  }
}
