import { type KeyReader, READ_MS, type ReaderHost } from "./key-reader.js";
import { type ListRead, type ReconcileHost, Reconciler } from "./reconcile.js";
import { jittered } from "./retry.js";
import { listing } from "./store-operations.js";
import { type Outcome, withDeadline } from "./with-deadline.js";

/** Time between two full lists, in ms, if the store can list changes. */
const FULL_LIST_MS = 3_600_000;
/** No circuit has this key. */
const NO_NAME = "circuit:";
/** After this many reads in a row that were given up the store counts as down, even if it answers other questions. */
const DOWN_AFTER = 4;
/** A slow answer gives the next ones more time, up to this, in ms. */
const LONGEST_READ_MS = 60_000;

/** What listing needs from the replica. */
export interface ListReaderHost extends ReaderHost, ReconcileHost {}

/** The caller that asks for lists. */
export interface ListListener<R extends ListRead> {
  /** The list was read in, or it failed. */
  ended(outcome: Outcome<unknown>, read: R): void;
  /** It was given up, but the store answers other questions. */
  tooSlow(): void;
  /** Whether this process was suspended since the read was sent. */
  slept(read: R): boolean;
  /** Whether the answer to a read that was given up is newer than what was read since. */
  isNews(read: R): boolean;
  /** Nothing had been missed, and yet the list has a change. */
  unpushed(): void;
  /** A late answer came that is no news: the store is back. */
  isBack(): void;
}

/** Lists the store into the cache: all of it, or only the changes if the store can list those. */
export class ListReader<R extends ListRead> {
  readonly #host: ListReaderHost;
  readonly #keys: KeyReader;
  readonly #listener: ListListener<R>;
  readonly #reconciler: Reconciler;
  #cursor: string | undefined;
  #fullDue = -Infinity;
  #patience = READ_MS;
  #stopped = false;
  /** How many reads in a row were given up. The store has answered nothing since. */
  timeouts = 0;

  constructor(host: ListReaderHost, keys: KeyReader, listener: ListListener<R>) {
    this.#host = host;
    this.#keys = keys;
    this.#listener = listener;
    this.#reconciler = new Reconciler(host);
  }

  /** Where the next list continues; `undefined`: it lists everything. */
  get since(): string | undefined {
    return this.#host.clock.now() >= this.#fullDue ? undefined : this.#cursor;
  }

  /** No read takes longer, in ms: neither the list nor the reads of single keys after it. */
  get longestMs(): number {
    return 3 * (this.#patience + READ_MS);
  }

  /** The next list is a full one. */
  listInFull(): void {
    this.#fullDue = -Infinity;
  }

  /** The list was read in, and nothing has been missed since it was requested. */
  nothingMissed({ sent }: R): void {
    if (sent >= this.#fullDue) this.#fullDue = sent + jittered(FULL_LIST_MS, this.#host.clock);
  }

  /** Answers are no longer used. */
  stop(): void {
    this.#stopped = true;
  }

  read(read: R): void {
    const { store, clock } = this.#host;
    // A list that takes long is a slow answer, or the store is down. Another question shows which.
    const cancel = clock.after(this.#patience / 2, () =>
      this.#keys.read([{ key: NO_NAME, fresh: false }], () => undefined),
    );
    const args: [prefix: string, since?: string] = read.since === undefined ? [""] : ["", read.since];
    withDeadline<unknown>(
      clock,
      this.#patience,
      () => store.list?.(...args),
      (outcome) => {
        cancel();
        this.#answered(outcome, read);
      },
      (late) => this.#answeredLate(late, read),
    );
  }

  #answered(outcome: Outcome<unknown>, read: R): void {
    if (outcome.ok) {
      this.timeouts = 0;
      this.#take(outcome.value, read);
      return;
    }
    this.timeouts = outcome.hangs ? this.timeouts + 1 : 0;
    const alive = this.#host.answerTimes.heardAt > read.sent && this.timeouts < DOWN_AFTER;
    if (!outcome.hangs || !alive) {
      this.#listener.ended(outcome, read);
      return;
    }
    this.#listener.tooSlow();
  }

  /** Given up long ago. The answer is still used, unless a newer read was answered. */
  #answeredLate(outcome: Outcome<unknown>, read: R): void {
    this.timeouts = 0;
    if (outcome.ok && this.#listener.isNews(read)) this.#take(outcome.value, read);
    else this.#listener.isBack();
  }

  #take(answer: unknown, read: R): void {
    if (this.#stopped) return;
    const { clock, answerTimes } = this.#host;
    const failed = (error: unknown): void => this.#listener.ended({ ok: false, error }, read);
    try {
      const listed = listing(answer);
      if (this.#listener.slept(read)) answerTimes.heardAt = clock.now();
      else {
        const took = clock.now() - read.sent;
        this.#patience = Math.min(Math.max(2 * took, READ_MS), LONGEST_READ_MS);
        answerTimes.note(read.sent, clock.now());
      }
      this.#reconciler.take(listed, read, (outcome) => {
        if (!outcome.ok) {
          failed(outcome.error);
          return;
        }
        this.#cursor = typeof listed.cursor === "string" ? listed.cursor : undefined;
        if (read.fresh && outcome.value.news) this.#listener.unpushed();
        this.#keys.read(outcome.value.unverified, (verified) => this.#listener.ended(verified, read));
      });
    } catch (error) {
      failed(error);
    }
  }
}
