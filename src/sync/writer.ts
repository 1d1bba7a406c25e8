import type { Store, SwapResult } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import type { VersionedRecord } from "../protocol/record.js";
import { corrected, type Stamp } from "../protocol/transition.js";
import type { AnswerTimes } from "./answer-times.js";
import type { Entry, Write } from "./entry.js";
import { type Arrival, arrivalOf } from "./local-deadline.js";
import { swap } from "./store-operations.js";
import { type Outcome, withDeadline } from "./with-deadline.js";
import { type FailureHost, forgiveFailures, recovered, retryLater } from "./write-failures.js";
import { hasDeadlines, makeStamp, type StampHost, ttl } from "./write-stamp.js";

/** When a write is given up, in ms. Its answer still counts, whenever it comes. */
const WRITE_MS = 5_000;
const TRIES = 8;
/** A guessed clock may be wrong by this much, in ms, besides the time that the request took. */
const GUESS_MS = 100;

/** `granted`: the store has it. `unneeded`: there was nothing to write. `busy`: another write is under way. */
export type WriteOutcome = "granted" | "unneeded" | "busy" | "failed";

/** What writing needs from the replica. */
export interface WriterHost extends StampHost, FailureHost {
  readonly store: Store;
  readonly answerTimes: AnswerTimes;
  readonly adoptions: number;
  readonly synchroniser: FailureHost["synchroniser"] & { doubt(): void };
  receive(entry: Entry<VersionedRecord>, raw: string | null, arrival: Arrival, current: boolean): void;
  writeBegan(): void;
  writeEnded(): void;
}

/**
 * Writes one record by compare-and-swap. `decide` sees, through its closure, what is known at that moment. It is called
 * again after each conflict, and returns `null` when there is nothing left to write. Each entry has one write at a
 * time; later decisions are picked up when it ends, so that there is never a queue.
 */
export function write<R extends VersionedRecord>(
  host: WriterHost,
  entry: Entry<R>,
  decide: (stamp: Stamp) => R | null,
  done: (outcome: WriteOutcome) => void,
): void {
  if (entry.write !== undefined) done("busy");
  else new Writing(host, entry, decide, done).begin();
}

/** What was sent in one attempt. */
interface Attempt<R> {
  readonly record: R;
  readonly raw: string;
  readonly sent: number;
  /** The count of adoptions at that time: an answer says nothing about what was adopted later. */
  readonly adoptions: number;
  /** The assumed time of the store, if the real one wasn't known. */
  readonly guessedNow: number | undefined;
}

/** One write, from its first attempt to its outcome: it decides, sends, reads the answer, and decides again. */
class Writing<R extends VersionedRecord> implements Write {
  nonce: string | undefined;
  readonly #host: WriterHost;
  readonly #entry: Entry<R>;
  readonly #decide: (stamp: Stamp) => R | null;
  readonly #done: (outcome: WriteOutcome) => void;
  #tries = 0;
  #over = false;

  constructor(
    host: WriterHost,
    entry: Entry<R>,
    decide: (stamp: Stamp) => R | null,
    done: (outcome: WriteOutcome) => void,
  ) {
    this.#host = host;
    this.#entry = entry;
    this.#decide = decide;
    this.#done = done;
  }

  begin(): void {
    this.#entry.write = this;
    this.#host.writeBegan();
    this.#attempt(this.#decide);
  }

  granted(): void {
    this.#end("granted");
  }

  #attempt(decide: (stamp: Stamp) => R | null): void {
    const { clock, store, storeClock, answerTimes, adoptions } = this.#host;
    const entry = this.#entry;
    const stamp = makeStamp(this.#host, entry);
    const record = decide(stamp);
    if (record === null) {
      this.#end("unneeded");
      return;
    }
    const guessed = !storeClock.known && store.swap !== undefined;
    const raw = encode(record);
    const sent = clock.now();
    const guessedNow = guessed ? stamp.now : undefined;
    const attempt: Attempt<R> = { record, raw, sent, adoptions, guessedNow };
    // A write that may need a correction is over only when its answer has come.
    this.nonce = guessed ? undefined : stamp.nonce;
    withDeadline(
      clock,
      WRITE_MS,
      () => swap(store, entry.key, entry.stored ?? null, raw, ttl(record, stamp.now)),
      (outcome) => {
        if (outcome.ok) answerTimes.note(sent, clock.now());
        entry.timeouts = !outcome.ok && outcome.hangs ? entry.timeouts + 1 : 0;
        this.#answered(outcome, attempt);
      },
      (outcome) => this.#answeredLate(outcome, attempt),
    );
  }

  #answered(outcome: Outcome<SwapResult>, attempt: Attempt<R>): void {
    if (!outcome.ok) {
      if (!this.#over) this.#fail(outcome.error);
      return;
    }
    const { ok, value, now } = outcome.value;
    const { clock, storeClock } = this.#host;
    const { record, raw, sent, guessedNow } = attempt;
    const known = storeClock.learn(now, sent);
    if (guessedNow !== undefined && !known) storeClock.absent = true;
    if (this.#over) return;
    // If the answer of a swap was lost but the swap was carried out, the next one returns what we wrote.
    if (ok || value === raw) {
      const took = clock.now() - sent;
      const error = known && guessedNow === record.at ? Math.round(storeClock.now() - guessedNow - took) : 0;
      if (Math.abs(error) > GUESS_MS + took / 2 && hasDeadlines(record)) {
        this.#correct(record, raw, error);
        return;
      }
      this.nonce = record.nonce;
      this.#host.receive(this.#entry, raw, arrivalOf(storeClock, now, true), this.#isCurrent(attempt));
      this.#end("granted");
      return;
    }
    this.nonce = undefined;
    this.#host.receive(this.#entry, value, arrivalOf(storeClock, now, true), this.#isCurrent(attempt));
    this.#again();
  }

  /** Given up long ago. The answer is still used, and the store is back. */
  #answeredLate(outcome: Outcome<SwapResult>, attempt: Attempt<R>): void {
    const entry = this.#entry;
    const { clock, storeClock, answerTimes } = this.#host;
    entry.timeouts = 0;
    if (outcome.ok) {
      answerTimes.note(attempt.sent, clock.now());
      const { ok, value, now } = outcome.value;
      storeClock.learn(now, attempt.sent);
      const stored = ok ? attempt.raw : value;
      this.#host.receive(
        entry,
        stored,
        arrivalOf(storeClock, now, true),
        entry.unchangedSince(attempt.adoptions),
      );
      forgiveFailures(this.#host, entry);
      recovered(this.#host);
    }
    if (entry.retry) retryLater(this.#host, entry, 1 / 2);
  }

  /**
   * The deadline was written by the wall clock, since the store's clock wasn't known, and the two differ: write again.
   */
  #correct(record: R, raw: string, error: number): void {
    const entry = this.#entry;
    entry.stored = raw;
    entry.seen = Math.max(entry.seen, record.revision);
    this.#attempt((stamp) => corrected(stamp, record, error));
  }

  #again(): void {
    const { clock } = this.#host;
    const tries = this.#tries++;
    // Others were faster each time. The store is well, and the write is tried again later.
    if (tries >= TRIES) this.#end("failed");
    else if (tries < 2) this.#attempt(this.#decide);
    else clock.after(clock.random() * 10 * 2 ** tries, () => this.#attempt(this.#decide));
  }

  #fail(error: unknown): void {
    const { health, synchroniser } = this.#host;
    this.#entry.failures++;
    health.unwritten.add(this.#entry);
    health.failed(error);
    synchroniser.doubt();
    this.#end("failed");
  }

  #end(outcome: WriteOutcome): void {
    if (this.#over) return;
    this.#over = true;
    const entry = this.#entry;
    entry.write = undefined;
    this.#done(outcome);
    this.#host.writeEnded();
    if (outcome === "failed") {
      retryLater(this.#host, entry);
      return;
    }
    if (outcome === "granted" && entry.failures > 0) {
      forgiveFailures(this.#host, entry);
      recovered(this.#host);
    }
    entry.subscriber?.flush();
  }

  /** What was adopted while the answer was on its way is newer than the answer. */
  #isCurrent({ adoptions }: Attempt<R>): boolean {
    return this.#entry.adopted <= adoptions;
  }
}
