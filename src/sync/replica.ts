import type { ForeignStore, Store } from "../options/store.js";
import type { CircuitRecord, HoldRecord, VersionedRecord } from "../protocol/record.js";
import { atMost } from "../runtime/at-most.js";
import type { Clock } from "../runtime/clock.js";
import { AnswerTimes } from "./answer-times.js";
import { RecordCache } from "./cache.js";
import type { Entry, Subscriber } from "./entry.js";
import { Health, type StoreHealth } from "./health.js";
import type { Arrival } from "./local-deadline.js";
import { restore } from "./restore.js";
import { StoreClock } from "./store-clock.js";
import { Synchroniser } from "./synchroniser.js";
import { forgiveFailures } from "./write-failures.js";

/** How long closing may take, in ms. */
const CLOSE_MS = 500;

/**
 * This process's own copy of the fleet's records, synchronised with the store. Calls read the copy and never the store.
 * It connects the parts: the cache keeps the records, the synchroniser reads them, the writer writes them.
 */
export class Replica {
  readonly store: Store;
  readonly clock: Clock;
  readonly storeClock: StoreClock;
  /** The name under which this process writes: host and process. */
  readonly identity: string;
  readonly health: Health;
  readonly answerTimes: AnswerTimes = new AnswerTimes();
  readonly cache: RecordCache;
  readonly synchroniser: Synchroniser;
  #writing = 0;
  #waiting: (() => void)[] = [];

  constructor(store: Store, clock: Clock, identity: string, listener: StoreHealth) {
    this.store = store;
    this.clock = clock;
    this.identity = identity;
    this.storeClock = new StoreClock(clock);
    this.health = new Health(listener);
    this.cache = new RecordCache(this);
    this.synchroniser = new Synchroniser(this);
  }

  /** Other programs than this library write into the store, with times of their own. */
  get foreign(): boolean {
    return (this.store as Partial<ForeignStore>).foreign === true;
  }

  get circuits(): ReadonlyMap<string, Entry<CircuitRecord>> {
    return this.cache.circuits;
  }

  get holds(): ReadonlyMap<string, Entry<HoldRecord>> {
    return this.cache.holds;
  }

  get subscribers(): ReadonlyMap<string, Subscriber> {
    return this.cache.subscribers;
  }

  get adoptions(): number {
    return this.cache.adoptions;
  }

  circuit(name: string): Entry<CircuitRecord> {
    return this.cache.circuit(name);
  }

  hold(name: string): Entry<HoldRecord> {
    return this.cache.hold(name);
  }

  /** A breaker begins to use the records of its name. */
  subscribe(name: string, subscriber: Subscriber): void {
    this.cache.subscribe(name, subscriber);
    this.synchroniser.readNewName(name);
  }

  unsubscribe(name: string): void {
    this.cache.unsubscribe(name);
    this.synchroniser.forgetName(name);
  }

  /** How long a caller may wait for the lease it asked for, in ms. It depends on how fast the store has been lately. */
  leaseWaitMs(): number {
    return this.answerTimes.leaseWaitMs;
  }

  receive(entry: Entry<VersionedRecord>, raw: string | null, arrival: Arrival, current: boolean): void {
    this.cache.receive(entry, raw, arrival, current);
  }

  forgotten(entry: Entry<VersionedRecord>): void {
    restore(this, entry);
  }

  othersWrote(entry: Entry<VersionedRecord>): void {
    forgiveFailures(this, entry);
  }

  olderArrived(): void {
    this.synchroniser.olderArrived();
  }

  writeBegan(): void {
    this.#writing++;
  }

  writeEnded(): void {
    if (--this.#writing > 0) return;
    for (const done of this.#waiting.splice(0)) done();
  }

  /** Proposes pending decisions, and resolves when no write is under way: each was granted, refused, or given up. */
  async settled(): Promise<void> {
    for (const [name, subscriber] of this.subscribers)
      if (this.circuits.get(name)?.retry === undefined) subscriber.flush();
    while (this.#writing > 0) await new Promise<void>((done) => this.#waiting.push(done));
  }

  /**
   * Gives back the leases of this process, then ends the subscription and the polls: all of it, with
   * running writes and closing the store, in at most half a second.
   */
  async close(): Promise<void> {
    if (!(await atMost(this.clock, CLOSE_MS, this.#leave()))) void this.synchroniser.close();
  }

  async #leave(): Promise<void> {
    await this.settled();
    for (const subscriber of this.subscribers.values()) subscriber.leave?.();
    await this.settled();
    await this.synchroniser.close();
  }
}
