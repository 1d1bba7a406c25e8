import type { Store } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import type { AnswerTimes } from "./answer-times.js";
import type { RecordCache } from "./cache.js";
import { read } from "./store-operations.js";
import { type Outcome, withDeadline } from "./with-deadline.js";

/** When a read is given up, in ms. Its answer still counts, whenever it comes. */
export const READ_MS = 5_000;
/** How many single reads run at a time. */
const LANES = 16;

/** What reading needs from the replica. */
export interface ReaderHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly answerTimes: AnswerTimes;
  readonly cache: RecordCache;
}

/** A key, and whether a change of it is new: the key was read not long ago, and nothing has been missed since. */
export interface KeyToRead {
  readonly key: string;
  readonly fresh: boolean;
}

/** Reads single keys into the cache, a few at a time, each with a deadline of its own. */
export class KeyReader {
  readonly #host: ReaderHost;
  #waiting: (() => void)[] = [];
  #asked = 0;
  #asking = false;
  #stopped = false;

  constructor(host: ReaderHost) {
    this.#host = host;
  }

  /** `done` is called when all are answered, or when one failed and the reads under way have ended. */
  read(keys: readonly KeyToRead[], done: (outcome: Outcome<undefined>) => void): void {
    let left = keys.length;
    let result: Outcome<undefined> = { ok: true, value: undefined };
    const over = (): void => {
      if (--left === 0) done(result);
    };
    if (left === 0) done(result);
    for (const key of keys) {
      this.#waiting.push(() => {
        if (!result.ok || this.#stopped) {
          this.#asked--;
          over();
          return;
        }
        this.#ask(key, (outcome) => {
          if (!outcome.ok) result = outcome;
          over();
        });
      });
    }
    this.#askNext();
  }

  /** Asks for no other key. What is under way may end. */
  stop(): void {
    this.#stopped = true;
  }

  #askNext(): void {
    if (this.#asking) return;
    this.#asking = true;
    while (this.#asked < LANES) {
      const ask = this.#waiting.shift();
      if (ask === undefined) break;
      this.#asked++;
      ask();
    }
    this.#asking = false;
  }

  #ask({ key, fresh }: KeyToRead, done: (outcome: Outcome<unknown>) => void): void {
    const { clock, store, answerTimes, cache } = this.#host;
    const sent = clock.now();
    const { adoptions } = cache;
    const take = (outcome: Outcome<string | null>): void => {
      if (!outcome.ok) return;
      answerTimes.note(sent, clock.now());
      const entry = cache.known(key);
      const current = entry === undefined || entry.unchangedSince(adoptions);
      if (outcome.value !== null)
        cache.deliver({ key, value: outcome.value }, { now: undefined, fresh }, current);
      else if (entry !== undefined && current) cache.recordMissing(entry);
    };
    withDeadline(
      clock,
      READ_MS,
      () => read(store, key),
      (outcome) => {
        this.#asked--;
        take(outcome);
        done(outcome);
        this.#askNext();
      },
      take,
    );
  }
}
