import { type KeyReader, READ_MS, type ReaderHost } from "./key-reader.js";
import { type ListRead, type ReconcileHost, Reconciler } from "./reconcile.js";
import { jittered } from "./retry.js";
import { listing } from "./store-operations.js";
import { type Outcome, withDeadline } from "./with-deadline.js";

/** Between two lists in full, in ms, where the store can tell what changed. */
const FULL_LIST_MS = 3_600_000;
/** No circuit has this key. */
const NO_NAME = "circuit:";
/** So many reads in a row were given up, and the store is down, though it answers other questions. */
const DOWN_AFTER = 4;
/** An answer that took long gives the next ones longer, up to this, in ms. */
const LONGEST_READ_MS = 60_000;

/** What listing takes of the replica. */
export interface ListReaderHost extends ReaderHost, ReconcileHost {}

/** Who asks for lists. */
export interface ListListener<R extends ListRead> {
  /** The list was taken in, or failed. */
  over(outcome: Outcome<unknown>, read: R): void;
  /** It was given up, and the store answers other questions. */
  tooSlow(): void;
  /** Whether the answer to a read that was given up is newer than what was read since. */
  isNews(read: R): boolean;
  /** An answer that is no news came after all: the store is back. */
  isBack(): void;
}

/** Lists the store into the cache: in full, or, where it can tell, what changed. */
export class ListReader<R extends ListRead> {
  readonly #host: ListReaderHost;
  readonly #keys: KeyReader;
  readonly #listener: ListListener<R>;
  readonly #reconciler: Reconciler;
  #cursor: string | undefined;
  #fullDue = -Infinity;
  #patience = READ_MS;
  #stopped = false;
  /** Reads given up in a row: nothing was heard of the store since. */
  timeouts = 0;

  constructor(host: ListReaderHost, keys: KeyReader, listener: ListListener<R>) {
    this.#host = host;
    this.#keys = keys;
    this.#listener = listener;
    this.#reconciler = new Reconciler(host);
  }

  /** From where the next list goes on; `undefined`: it is in full. */
  get since(): string | undefined {
    return this.#host.clock.now() >= this.#fullDue ? undefined : this.#cursor;
  }

  /** The next list is in full. */
  listInFull(): void {
    this.#fullDue = -Infinity;
  }

  /** The list is taken in, and nothing was missed since it was sent. */
  nothingMissed({ sent }: R): void {
    if (sent >= this.#fullDue) this.#fullDue = sent + jittered(FULL_LIST_MS, this.#host.clock);
  }

  /** Answers are no longer taken in. */
  stop(): void {
    this.#stopped = true;
  }

  read(read: R): void {
    const { store, clock } = this.#host;
    // One that takes long is a slow answer or a store that is down: another question tells.
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
      this.#listener.over(outcome, read);
      return;
    }
    this.#listener.tooSlow();
  }

  /** Given up long since: what the store says is taken all the same, unless a newer read was answered. */
  #answeredLate(outcome: Outcome<unknown>, read: R): void {
    this.timeouts = 0;
    if (outcome.ok && this.#listener.isNews(read)) this.#take(outcome.value, read);
    else this.#listener.isBack();
  }

  #take(answer: unknown, read: R): void {
    if (this.#stopped) return;
    const { clock, answerTimes } = this.#host;
    const failed = (error: unknown): void => this.#listener.over({ ok: false, error }, read);
    try {
      const listed = listing(answer);
      const took = clock.now() - read.sent;
      this.#patience = Math.min(Math.max(2 * took, READ_MS), LONGEST_READ_MS);
      answerTimes.note(read.sent, clock.now());
      this.#reconciler.take(listed, read, (outcome) => {
        if (!outcome.ok) {
          failed(outcome.error);
          return;
        }
        this.#cursor = typeof listed.cursor === "string" ? listed.cursor : undefined;
        this.#keys.read(outcome.value, (verified) => this.#listener.over(verified, read));
      });
    } catch (error) {
      failed(error);
    }
  }
}
