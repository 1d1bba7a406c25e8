import { decodeCircuit, decodeHold } from "../protocol/codec.js";
import { CIRCUIT, circuitKey, HOLD, holdKey } from "../protocol/key.js";
import { compare } from "../protocol/merge.js";
import {
  type CircuitRecord,
  type HoldRecord,
  LEASE_LONGEST_MS,
  OPERATOR_LONGEST_MS,
  type VersionedRecord,
} from "../protocol/record.js";
import type { Clock } from "../runtime/clock.js";
import type { ForeignStore, Store, StoreEntry } from "../stores/store.js";
import { Entry, type Subscriber } from "./entry.js";
import { type Arrival, remaining } from "./local-deadline.js";
import { restore } from "./restore.js";
import { StoreClock } from "./store-clock.js";
import { isEntry } from "./store-operations.js";
import { Synchroniser } from "./synchroniser.js";
import { StoreAnswerError } from "./with-deadline.js";

/** How the replica tells of the store's health. */
export interface StoreHealth {
  down(error: unknown): void;
  up(): void;
}

/** Records of circuits that this process doesn't use are kept while they restrict, and no more than this. */
const STRANGERS = 10_000;

/**
 * This process's own copy of the records of its fleet: the calls read it, and never the store.
 *
 * Records come in by push, by poll and in answers to writes, in any order, any number of times, or not at
 * all; `receive` joins them. Nothing in here throws into a call.
 */
export class Replica {
  readonly store: Store;
  readonly clock: Clock;
  readonly storeClock: StoreClock;
  /** Who writes: host and process. */
  readonly identity: string;
  readonly synchroniser: Synchroniser;
  /** By the encoded names of their circuits. */
  readonly subscribers: Map<string, Subscriber> = new Map();
  readonly circuits: Map<string, Entry<CircuitRecord>> = new Map();
  readonly holds: Map<string, Entry<HoldRecord>> = new Map();
  readonly #health: StoreHealth;
  #troubled = false;
  #adoptions = 0;
  #writing = 0;
  #waiting: (() => void)[] = [];

  constructor(store: Store, clock: Clock, identity: string, health: StoreHealth) {
    this.store = store;
    this.clock = clock;
    this.identity = identity;
    this.storeClock = new StoreClock(clock);
    this.#health = health;
    this.synchroniser = new Synchroniser(this);
  }

  /** What this process has of a circuit's record, made when there is something to keep. */
  circuit(name: string): Entry<CircuitRecord> {
    return this.#entry(this.circuits, name, () => new Entry(circuitKey(name), decodeCircuit));
  }

  /** What this process has of an operator's hold. */
  hold(name: string): Entry<HoldRecord> {
    return this.#entry(this.holds, name, () => new Entry(holdKey(name), decodeHold));
  }

  /** A breaker begins to use the records of its name; what was taken for a stranger's is now judged by its own time. */
  subscribe(name: string, subscriber: Subscriber): void {
    this.subscribers.set(name, subscriber);
    this.synchroniser.meet(name);
    const circuit = this.circuits.get(name);
    const hold = this.holds.get(name);
    if (hold) hold.subscriber = subscriber;
    if (circuit === undefined) return;
    circuit.subscriber = subscriber;
    const { sighting } = circuit;
    if (sighting === null) return;
    const deadline = Math.min(sighting.deadline, this.clock.now() + this.#longest(circuit, sighting.record));
    circuit.sighting = { ...sighting, deadline };
  }

  /** What restricts calls is kept, for the next breaker of that name. */
  unsubscribe(name: string): void {
    this.subscribers.delete(name);
    const now = this.clock.now();
    for (const [entries, holds] of [[this.circuits, false] as const, [this.holds, true] as const]) {
      const entry = entries.get(name);
      if (entry === undefined) continue;
      entry.subscriber = undefined;
      if (!restricts(entry, now, holds) || this.circuits.size + this.holds.size > STRANGERS)
        entries.delete(name);
    }
  }

  /** The adoptions so far: what was adopted later than a read began is newer than its answer. */
  get adoptions(): number {
    return this.#adoptions;
  }

  /** A push, or one record of a poll. */
  deliver(entry: unknown, how: { readonly fresh: boolean; readonly current: boolean }): void {
    if (!isEntry(entry)) {
      this.refuse();
      return;
    }
    const found = this.#find(entry.key);
    if (found) this.receive(found, entry.value, this.arrival(entry, how.fresh), how.current);
    else this.#meet(entry, how);
  }

  /** What came in is no entry. */
  refuse(): void {
    this.trouble(
      new StoreAnswerError("the store delivered an entry that is none: { key: string, value: string }"),
    );
  }

  arrival(from: { readonly now?: unknown }, fresh: boolean): Arrival {
    return { now: this.storeClock.believable(from.now) ? from.now : undefined, fresh };
  }

  /**
   * Joins what came in with what is known. `current` says that the store holds just this now, which a push
   * does not say: only then is a lower revision than ours a store that forgot, and not a late message.
   */
  receive(entry: Entry<VersionedRecord>, raw: string | null, arrival: Arrival, current: boolean): void {
    if (raw === null) {
      this.lacks(entry);
      return;
    }
    const change = raw !== entry.stored;
    if (current || entry.stored === undefined || entry.stored === null) entry.stored = raw;
    const known = entry.sighting;
    const record = raw === known?.raw ? known.record : entry.decode(raw, this.clock.wall());
    if (record === undefined) {
      this.#refuseRecord(entry, raw);
      return;
    }
    entry.rubbish = undefined;
    entry.seen = Math.max(entry.seen, record.revision);
    const longest = this.#longest(entry, record);
    let deadline = this.clock.now() + remaining(record, arrival, this.clock.wall(), longest);
    // Fixed at the first sight, and from then on it may only move earlier, through any number of renewals.
    if (known !== null && sameDeadline(known.record, record)) deadline = Math.min(deadline, known.deadline);
    const order = known === null ? 1 : compare({ raw, record }, known);
    if (order < 0) {
      if (change && entry.stored === raw) entry.storedDeadline = deadline;
      if (current) restore(this, entry);
      else if (change) this.synchroniser.oldNews();
      return;
    }
    entry.stored = raw;
    if (order === 0 && arrival.now === undefined) return;
    entry.sighting = { raw, record, deadline };
    if (order === 0) {
      // The store's clock tells that it ends sooner.
      if (known !== null && deadline < known.deadline) entry.subscriber?.changed();
      return;
    }
    entry.adopted = ++this.#adoptions;
    if (entry.write?.nonce === record.nonce) {
      entry.write.granted(raw);
      return;
    }
    // Somebody's write came through: ours that failed long ago say nothing of the next one.
    entry.strikes = 0;
    entry.subscriber?.changed();
  }

  /** The store has nothing under its key: it forgot what this process saw, if it saw anything. */
  lacks(entry: Entry<VersionedRecord>): void {
    entry.stored = null;
    entry.rubbish = undefined;
    restore(this, entry);
  }

  /** Something is wrong with the store: it is said once, until all is well again. */
  trouble(error: unknown): void {
    if (this.#troubled) return;
    this.#troubled = true;
    this.#health.down(error);
  }

  /** A read succeeded, or a write: all is well unless something else still isn't. */
  recovered(): void {
    if (!this.#troubled || this.synchroniser.down) return;
    for (const entry of this.entries()) {
      if (entry.rubbish !== undefined || (entry.strikes > 0 && entry.subscriber?.pending)) return;
    }
    this.#troubled = false;
    this.#health.up();
  }

  /** The store is known not to answer, for this entry at least. */
  unreachable(entry: Entry<VersionedRecord>): boolean {
    return this.synchroniser.down || entry.strikes > 0;
  }

  *entries(): Generator<Entry<CircuitRecord> | Entry<HoldRecord>> {
    yield* this.circuits.values();
    yield* this.holds.values();
  }

  /** Forgets what no breaker here uses and no longer restricts anyone. */
  prune(): void {
    const now = this.clock.now();
    for (const [entries, holds] of [[this.circuits, false] as const, [this.holds, true] as const]) {
      for (const [name, entry] of entries) {
        if (entry.subscriber === undefined && !restricts(entry, now, holds)) entries.delete(name);
      }
    }
  }

  writeBegan(): void {
    this.#writing++;
  }

  writeEnded(): void {
    if (--this.#writing > 0) return;
    for (const done of this.#waiting.splice(0)) done();
  }

  /** Proposes what is pending, and resolves when no write is under way: each was granted, refused, or given up. */
  async settled(): Promise<void> {
    for (const [name, subscriber] of this.subscribers)
      if (this.circuits.get(name)?.retry === undefined) subscriber.flush();
    while (this.#writing > 0) await new Promise<void>((done) => this.#waiting.push(done));
  }

  /** Ends the subscription and the polls, after at most half a second for the writes under way. */
  async close(): Promise<void> {
    await new Promise<void>((done) => {
      const cancel = this.clock.after(500, done);
      void this.settled().then(() => {
        cancel();
        done();
      });
    });
    await this.synchroniser.close();
  }

  #entry<R extends VersionedRecord>(
    entries: Map<string, Entry<R>>,
    name: string,
    make: () => Entry<R>,
  ): Entry<R> {
    let entry = entries.get(name);
    if (entry === undefined) {
      entry = make();
      entry.subscriber = this.subscribers.get(name);
      entries.set(name, entry);
    }
    return entry;
  }

  #find(key: string): Entry<CircuitRecord> | Entry<HoldRecord> | undefined {
    if (key.startsWith(CIRCUIT)) {
      const name = key.slice(CIRCUIT.length);
      return this.circuits.get(name) ?? (this.subscribers.has(name) ? this.circuit(name) : undefined);
    }
    if (!key.startsWith(HOLD)) return undefined;
    const name = key.slice(HOLD.length);
    return this.holds.get(name) ?? (this.subscribers.has(name) ? this.hold(name) : undefined);
  }

  /** The record of a circuit nobody here has asked for yet: kept if it restricts, for whoever asks next. */
  #meet(from: StoreEntry, how: { readonly fresh: boolean; readonly current: boolean }): void {
    const holds = from.key.startsWith(HOLD);
    if ((!holds && !from.key.startsWith(CIRCUIT)) || this.circuits.size + this.holds.size >= STRANGERS)
      return;
    const entry: Entry<CircuitRecord> | Entry<HoldRecord> = holds
      ? this.hold(from.key.slice(HOLD.length))
      : this.circuit(from.key.slice(CIRCUIT.length));
    this.receive(entry, from.value, this.arrival(from, how.fresh), how.current);
    if (restricts(entry, this.clock.now(), holds)) return;
    (holds ? this.holds : this.circuits).delete(from.key.slice((holds ? HOLD : CIRCUIT).length));
  }

  #longest(entry: Entry<VersionedRecord>, record: VersionedRecord): number {
    if (record.state === "half-open") return LEASE_LONGEST_MS;
    const manual = (record as Partial<CircuitRecord>).manual ?? true;
    return manual || (this.store as Partial<ForeignStore>).foreign
      ? OPERATOR_LONGEST_MS
      : (entry.subscriber?.longest ?? OPERATOR_LONGEST_MS);
  }

  #refuseRecord(entry: Entry<VersionedRecord>, raw: string): void {
    if (entry.rubbish === raw) return;
    entry.rubbish = raw;
    this.trouble(
      new StoreAnswerError(
        `what the store has under "${entry.key}" is no record of failfast (${raw.length} characters); it is ignored, and overwritten at the next change`,
      ),
    );
  }
}

/** Renewals keep the deadline they renew. */
function sameDeadline(known: VersionedRecord, record: VersionedRecord): boolean {
  return known.until === record.until && known.state === record.state && known.until !== 0;
}

function restricts(entry: Entry<VersionedRecord>, now: number, holds: boolean): boolean {
  if (entry.sighting === null) return false;
  const { record, deadline } = entry.sighting;
  if (holds) return record.state !== "released" && (record.until === 0 || now < deadline);
  return record.state !== "closed" && now < deadline;
}
