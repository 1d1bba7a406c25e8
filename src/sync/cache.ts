import { StoreAnswerError } from "../errors/store-errors.js";
import type { StoreEntry } from "../options/store.js";
import { decodeCircuit, decodeHold } from "../protocol/codec.js";
import { circuitKey, holdKey, type Subject, subjectOf } from "../protocol/key.js";
import { compare } from "../protocol/merge.js";
import {
  type CircuitRecord,
  type HoldRecord,
  isHold,
  LEASE_LONGEST_MS,
  OPERATOR_LONGEST_MS,
  type VersionedRecord,
} from "../protocol/record.js";
import type { Clock } from "../runtime/clock.js";
import { Entry, type Subscriber } from "./entry.js";
import type { Health } from "./health.js";
import { type Arrival, remaining } from "./local-deadline.js";

/** Records of circuits that this process doesn't use are kept while they restrict, but not more than this. */
const MAX_UNUSED_RECORDS = 10_000;

/** The entry of a circuit's record, or of a hold's. */
export type AnyEntry = Entry<CircuitRecord> | Entry<HoldRecord>;

/** What the cache needs from the replica, and reports to it. */
export interface CacheHost {
  readonly clock: Clock;
  readonly health: Health;
  /** The name of this process in what it writes. */
  readonly identity: string;
  /** Other programs than this library write into the store, with times of their own. */
  readonly foreign: boolean;
  /** The store has an older record than this process, or none. */
  forgotten(entry: Entry<VersionedRecord>): void;
  /** A write of another process arrived. */
  othersWrote(entry: Entry<VersionedRecord>): void;
  /** An older record arrived: a late message, or the store forgot a newer one. A read shows which. */
  olderArrived(): void;
}

/**
 * This process's own copy of the records of its fleet, by the encoded names of their circuits.
 *
 * Records arrive by push, by poll and in answers to writes: in any order, repeatedly, or not at all. `receive` joins
 * them. Nothing in here throws into a call.
 */
export class RecordCache {
  readonly subscribers: Map<string, Subscriber> = new Map();
  readonly circuits: Map<string, Entry<CircuitRecord>> = new Map();
  readonly holds: Map<string, Entry<HoldRecord>> = new Map();
  /** A record that restricts was dropped, so a name that comes into use has to be read on its own. */
  overflowed = false;
  /** Counts the arrivals of records, as new as the known ones or newer, that other processes wrote. */
  byOthers = 0;
  readonly #host: CacheHost;
  #adoptions = 0;

  constructor(host: CacheHost) {
    this.#host = host;
  }

  /** Counts the adoptions. What was adopted after a read began is newer than the read's answer. */
  get adoptions(): number {
    return this.#adoptions;
  }

  /** The entry of a circuit's record, made when there is something to keep. */
  circuit(name: string): Entry<CircuitRecord> {
    return this.#entry(this.circuits, name, () => new Entry(circuitKey(name), decodeCircuit));
  }

  /** The entry of an operator's hold, made likewise. */
  hold(name: string): Entry<HoldRecord> {
    return this.#entry(this.holds, name, () => new Entry(holdKey(name), decodeHold));
  }

  /** The entry of a key, if there is one. */
  known(key: string): AnyEntry | undefined {
    const subject = subjectOf(key);
    return subject && this.#of(subject).get(subject.encoded);
  }

  *entries(): Generator<AnyEntry> {
    yield* this.circuits.values();
    yield* this.holds.values();
  }

  /**
   * A breaker begins to use the records of its name. A record that nobody here used is now limited by the breaker's own
   * open time.
   */
  subscribe(name: string, subscriber: Subscriber): void {
    this.subscribers.set(name, subscriber);
    const circuit = this.circuits.get(name);
    const hold = this.holds.get(name);
    if (hold) hold.subscriber = subscriber;
    if (circuit === undefined) return;
    circuit.subscriber = subscriber;
    const { cached } = circuit;
    if (cached === null) return;
    const deadline = Math.min(
      cached.deadline,
      this.#host.clock.now() + this.#longest(circuit, cached.record),
    );
    circuit.cached = { ...cached, deadline };
  }

  /** Records that restrict calls are kept, for the next breaker of that name. */
  unsubscribe(name: string): void {
    this.subscribers.delete(name);
    for (const entries of [this.circuits, this.holds]) {
      const entry = entries.get(name);
      if (entry === undefined) continue;
      entry.subscriber = undefined;
      if (!this.restricts(entry)) entries.delete(name);
      else if (this.circuits.size + this.holds.size > MAX_UNUSED_RECORDS) {
        entries.delete(name);
        this.overflowed = true;
      }
    }
  }

  /**
   * Joins an arrived record with the known one. `current`: the store holds exactly this now, which a push doesn't say.
   * Only then does a revision lower than ours mean that the store forgot; otherwise the message is late.
   */
  receive(entry: Entry<VersionedRecord>, raw: string | null, arrival: Arrival, current: boolean): void {
    if (raw === null) {
      this.recordMissing(entry);
      return;
    }
    const { clock, health } = this.#host;
    const change = raw !== entry.stored;
    if (current || entry.stored === undefined || entry.stored === null) entry.stored = raw;
    const known = entry.cached;
    const record = raw === known?.raw ? known.record : entry.decode(raw, clock.wall());
    if (record === undefined) {
      const what = `what the store has under "${entry.key}" is no record of failfast (${raw.length} characters)`;
      const error = new StoreAnswerError(`${what}; it is ignored, and overwritten at the next change`);
      health.invalid(entry.key, raw, error);
      return;
    }
    health.valid(entry.key);
    entry.seen = Math.max(entry.seen, record.revision);
    const longest = this.#longest(entry, record);
    let deadline = clock.now() + remaining(record, arrival, clock.wall(), longest);
    // Fixed when first seen. After that it may only become earlier, however often the record is renewed.
    if (known !== null && sameDeadline(known.record, record)) deadline = Math.min(deadline, known.deadline);
    const order = known === null ? 1 : compare({ raw, record }, known);
    if (order < 0) {
      if (change && entry.stored === raw) entry.storedDeadline = deadline;
      if (current) this.#host.forgotten(entry);
      else if (change) this.#host.olderArrived();
      return;
    }
    entry.stored = raw;
    const isGranted = entry.write?.nonce === record.nonce;
    if (!isGranted && record.by !== this.#host.identity) this.byOthers++;
    if (order === 0 && arrival.now === undefined) return;
    entry.cached = { raw, record, deadline };
    if (order === 0) {
      // By the store's clock it ends sooner.
      if (known !== null && deadline < known.deadline) entry.subscriber?.changed();
      return;
    }
    entry.adopted = ++this.#adoptions;
    if (isGranted) {
      entry.write?.granted();
      return;
    }
    this.#host.othersWrote(entry);
    entry.subscriber?.changed();
  }

  /** The store has nothing under its key: it forgot what this process saw, if it saw anything. */
  recordMissing(entry: Entry<VersionedRecord>): void {
    entry.stored = null;
    this.#host.health.valid(entry.key);
    this.#host.forgotten(entry);
  }

  /** A push, or one record of a list. */
  deliver({ key, value }: StoreEntry, arrival: Arrival, current: boolean): void {
    const subject = subjectOf(key);
    if (subject === undefined) return;
    const { kind, encoded } = subject;
    const known = this.#of(subject).get(encoded);
    const used = known !== undefined || this.subscribers.has(encoded);
    if (!used && kind === "circuit" && value.includes('"state":"closed"')) return;
    const entry = known ?? this[kind](encoded);
    if (used) this.receive(entry, value, arrival, current);
    else this.#receiveUnused(entry, value, arrival, current);
  }

  /**
   * The record of a circuit that nobody here uses yet. It is kept if it restricts, for the next breaker of that name.
   */
  #receiveUnused(entry: AnyEntry, raw: string, arrival: Arrival, current: boolean): void {
    this.receive(entry, raw, arrival, current);
    const restricts = this.restricts(entry);
    if (restricts && this.circuits.size + this.holds.size <= MAX_UNUSED_RECORDS) return;
    this.overflowed ||= restricts;
    this.#delete(entry);
  }

  /** Forgets a record that restricts nobody, unless a breaker here uses it. */
  prune(entry: AnyEntry): void {
    if (entry.subscriber === undefined) this.#delete(entry);
  }

  /** It rejects calls, or an operator holds the circuit. */
  restricts({ cached }: AnyEntry): boolean {
    if (cached === null) return false;
    const { record, deadline } = cached;
    const now = this.#host.clock.now();
    if (isHold(record)) return record.state !== "released" && (record.until === 0 || now < deadline);
    return record.state !== "closed" && now < deadline;
  }

  #delete({ key }: AnyEntry): void {
    const subject = subjectOf(key);
    if (subject !== undefined) this.#of(subject).delete(subject.encoded);
  }

  #of({ kind }: Subject): Map<string, AnyEntry> {
    return kind === "hold" ? this.holds : this.circuits;
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

  #longest(entry: Entry<VersionedRecord>, record: VersionedRecord): number {
    if (record.state === "half-open") return LEASE_LONGEST_MS;
    const manual = (record as Partial<CircuitRecord>).manual ?? true;
    return manual || this.#host.foreign
      ? OPERATOR_LONGEST_MS
      : (entry.subscriber?.longest ?? OPERATOR_LONGEST_MS);
  }
}

/** A renewal keeps the deadline of the hold that it renews. */
function sameDeadline(known: VersionedRecord, record: VersionedRecord): boolean {
  return known.until === record.until && known.state === record.state && known.until !== 0;
}
