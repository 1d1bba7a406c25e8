import type { Clock } from "../runtime/clock.js";
import { detached } from "../runtime/detached.js";
import { Continuity, type ReadMark } from "./continuity.js";
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

/** Time between polls. With push, a poll only finds what push lost. Without push, the poll is the only news. */
const PUSHED_POLL_MS = 15_000;
const POLL_MS = 1_000;
/** What was read this long ago is read again before it is used. */
const PUSHED_STALE_MS = 20_000;
const STALE_MS = 2_000;
/** The subscribers of a fleet lose a store together and come back together, so their reads are spread. */
const GAP_JITTER_MS = 100;

/** What synchronising needs from the replica. */
export interface SynchroniserHost extends ListReaderHost, ProposeHost {
  readonly foreign: boolean;
}

/** One read, of a list or of names. */
interface Read extends ListRead, ReadMark {}

/**
 * Keeps the replica synchronised: subscribe, wait until the subscription is live, read everything. After that, changes
 * are pushed, and a jittered poll finds what push lost. Push is only a hint, and the poll is the guarantee. After every
 * gap it reads again. One read is under way at a time. A store that is down is asked about once a second; one that
 * hangs is asked less and less often.
 */
export class Synchroniser {
  readonly #host: SynchroniserHost;
  readonly #clock: Clock;
  readonly #lists: ListReader<Read>;
  readonly #keys: KeyReader;
  readonly #names: NameReader;
  readonly #subscription: Subscription;
  readonly #timer: ReadTimer;
  readonly #waiters: ReadWaiters;
  readonly #continuity = new Continuity();
  #started = false;
  #down = false;
  #closed = false;
  /** Push is live, or was waited for long enough. */
  #subscribed = false;
  /** The read that is under way, unless it was given up. */
  #current: Read | undefined;
  #again = false;

  constructor(host: SynchroniserHost) {
    this.#host = host;
    this.#clock = host.clock;
    this.#keys = new KeyReader(host);
    this.#names = new NameReader(host, this.#keys);
    this.#lists = new ListReader(host, this.#keys, {
      ended: (outcome, read) => this.#ended(outcome, read),
      tooSlow: () => {
        this.#current = undefined;
        this.#retry();
      },
      slept: (read) => this.sleptSince(read.sleeps),
      isNews: (read) => read.sent > this.#continuity.readAt,
      unpushed: () => {
        if (!host.foreign) this.#subscription.unpushed();
      },
      isBack: () => {
        if (this.#down && !this.#busy) this.#retry(1 / 2);
      },
    });
    this.#subscription = new Subscription(host, {
      change: (entry) => {
        if (this.#closed) return;
        const before = host.cache.byOthers;
        detached(() => takePush(host, entry, this.#continuity.unbroken));
        if (host.cache.byOthers > before) this.#subscription.pushed();
      },
      gap: () => this.gap(),
      lost: () => this.#pollSoon(),
    });
    this.#timer = new ReadTimer(host.clock, {
      due: () => {
        this.#subscription.renew();
        this.#read();
      },
      slept: () => {
        this.#continuity.slept(this.#clock.now());
        this.#readSoon();
      },
    });
    this.#waiters = new ReadWaiters(host.clock);
  }

  /**
   * The store does not answer, or it is no longer asked. Calls go on with what this process knows, and probe locally.
   */
  get down(): boolean {
    return this.#closed || this.#down;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get started(): boolean {
    return this.#started;
  }

  /** Starts once, at the first use of the store. If the store answers at once, it has started on return. */
  start(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    this.#timer.start();
    if (!this.#host.store.list) for (const name of this.#host.subscribers.keys()) this.#names.add(name);
    this.#subscription.begin(() => {
      this.#subscribed = true;
      this.#read();
    });
  }

  /**
   * Resolves when the store was read, or the read was given up; at once if the store was read lately. If the process
   * slept, it reads again.
   */
  ready(): Promise<void> {
    this.start();
    this.checkDrift();
    const lately = this.#clock.now() - this.#pushedOr(PUSHED_STALE_MS, STALE_MS);
    const after = Math.max(lately, this.#continuity.missedAt);
    if (this.#closed || (this.#continuity.unbroken && this.#continuity.readAt >= after))
      return Promise.resolve();
    const read = this.#waiters.wait(after);
    this.#read();
    return read;
  }

  /** Something may have been missed: read everything again, soon. */
  gap(): void {
    this.#continuity.missed(this.#clock.now());
    this.#lists.listInFull();
    this.#readSoon();
  }

  /** A push is older than what is known: it is late, or the store forgot. A read shows which. */
  olderArrived(): void {
    this.#pollSoon();
  }

  /** A write failed: check whether the store is still there, unless it is known to be down. */
  doubt(): void {
    if (!this.down) this.#readSoon();
  }

  /** A process that was suspended reads the store before it trusts its clock. */
  checkDrift(): void {
    this.#timer.checkDrift();
  }

  /** How often the process was suspended, as far as it knows. */
  get sleeps(): number {
    return this.#continuity.sleeps;
  }

  /** Whether the process was suspended since `sleeps` had that value. */
  sleptSince(sleeps: number): boolean {
    this.checkDrift();
    return this.sleeps !== sleeps;
  }

  /** A name that comes into use is read on its own, if no list contained it. */
  readNewName(name: string): void {
    if (!this.#started || this.#closed || (this.#host.store.list && !this.#host.cache.overflowed)) return;
    this.#names.readNew(name, (outcome) => {
      if (!outcome.ok) this.doubt();
    });
  }

  /** A call of that circuit came. If the store can't list, such names are read before others. */
  called(circuit: { readonly key: string }): void {
    if (!this.#host.store.list) this.#names.called(circuit.key);
  }

  forgetName(name: string): void {
    this.#names.forget(name);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer.stop();
    this.#lists.stop();
    this.#keys.stop();
    this.#waiters.readOver(Infinity);
    await this.#subscription.end();
  }

  get #busy(): boolean {
    return !this.#subscribed || (this.#current !== undefined && !this.#isCutOff(this.#current));
  }

  /** Where timers and answers end with the request that waits for them, as in Workers, a read may never end. */
  #isCutOff({ sent }: Read): boolean {
    return this.#clock.now() - sent > this.#lists.longestMs;
  }

  #read(): void {
    if (this.#closed || this.#busy) return;
    this.#again = false;
    const read: Read = {
      sent: this.#clock.now(),
      adoptions: this.#host.cache.adoptions,
      fresh: this.#continuity.unbroken,
      since: this.#lists.since,
      ...this.#continuity.mark(),
    };
    this.#current = read;
    if (this.#host.store.list) this.#lists.read(read);
    else this.#names.readNext(this.#continuity.unbroken, (outcome) => this.#ended(outcome, read));
  }

  #ended(outcome: Outcome<unknown>, read: Read): void {
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
    this.#continuity.read(read.sent, read);
    if (this.#continuity.unbroken) this.#lists.nothingMissed(read);
    if (wasDown) this.#subscription.hurry();
    this.#subscription.report();
    health.recovered();
    health.reportInvalid();
    proposePending(this.#host, wasDown);
    const pollMs = this.#pushedOr(PUSHED_POLL_MS, POLL_MS);
    this.#names.saveUp(pollMs);
    this.#timer.schedule(jittered(pollMs, this.#clock));
  }

  #failed(error: unknown): void {
    this.#down = true;
    this.#continuity.unbroken = false;
    this.#host.health.failed(error);
    this.#retry();
  }

  /** Nobody pushes the changes that other programs make in the store. */
  #pushedOr(pushed: number, otherwise: number): number {
    return this.#subscription.live && !this.#host.foreign ? pushed : otherwise;
  }

  /** The next read comes sooner, since an answer that was given up came after all. */
  #retry(share = 1): void {
    this.#timer.schedule(share * retryDelay(this.#lists.timeouts, this.#clock.random()));
  }

  #pollSoon(): void {
    if (!this.down && !this.#busy) this.#timer.hurry(jittered(POLL_MS, this.#clock));
  }

  #readSoon(): void {
    if (!this.#started || this.#closed) return;
    if (this.#busy) this.#again = true;
    else this.#timer.hurry(this.#clock.random() * GAP_JITTER_MS);
  }
}
