import { systemClock } from "../../runtime/platform.js";
import { within } from "../../sync/with-deadline.js";
import { discard, type NatsEntries, type NatsEntry, type NatsKv } from "./bucket.js";

const WATCH_WITHIN = 5_000;
const PROBE_AFTER = 5_000;
const ANSWER_WITHIN = 2_000;
const FIRST_RETRY = 50;
const LONGEST_RETRY = 1_500;

/** What is watched of a bucket. */
export interface Watched {
  readonly kv: NatsKv;
  /** Every key of the fleet. */
  readonly pattern: string;
  /** One of them, which no record has. */
  readonly probe: string;
}

export interface WatchEvents {
  entry(entry: NatsEntry): void;
  /** The watch was lost, and is live again: entries may have been missed. */
  gap(): void;
}

/**
 * A watch that comes back: where it ends, or has died without a word, another one takes its place, for as long
 * as it takes. Resolves once it is live; rejects where the first one can't be had. None of its timers keep the
 * process alive.
 */
export function watch(watched: Watched, on: WatchEvents): Promise<AsyncDisposable> {
  return new Promise((resolve, reject) => {
    let wasLive = false;
    let over = false;
    let failures = 0;
    let stop = (): void => {};
    const handle: AsyncDisposable = {
      async [Symbol.asyncDispose]() {
        over = true;
        stop();
      },
    };
    const retry = (): void => {
      const ms = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** failures);
      failures += 1;
      stop = systemClock.after(ms * (0.5 + 0.5 * systemClock.random()), connect);
    };
    const connect = (): void => {
      const ask = () => watched.kv.watch({ key: watched.pattern, include: "updates" });
      within(
        systemClock,
        WATCH_WITHIN,
        ask,
        (outcome) => {
          if (over) {
            if (outcome.ok) discard(outcome.value);
          } else if (outcome.ok) {
            stop = follow(watched, outcome.value, {
              entry(entry) {
                failures = 0;
                on.entry(entry);
              },
              lost: retry,
            });
            if (wasLive) on.gap();
            wasLive = true;
            resolve(handle);
          } else if (wasLive) {
            retry();
          } else {
            reject(outcome.error);
          }
        },
        (late) => {
          if (late.ok) discard(late.value);
        },
      );
    };
    connect();
  });
}

/**
 * Follows one watch until it is lost, and says so at most once. After 5 s without an entry it leaves a
 * deletion under the probe's key, and takes the watch for dead unless that or another entry comes in within
 * 2 s. All the fleet's watches hear it, so that one process asks for all. What is returned ends it.
 */
function follow(
  { kv, probe }: Watched,
  entries: NatsEntries,
  on: { entry(entry: NatsEntry): void; lost(): void },
): () => void {
  let over = false;
  let cancel = (): void => {};
  const wait = (ms: number, run: () => void): void => {
    cancel();
    cancel = systemClock.after(ms, run);
  };
  const end = (): void => {
    over = true;
    cancel();
    discard(entries);
  };
  const lose = (): void => {
    if (over) return;
    end();
    on.lost();
  };
  const heard = (): void =>
    wait(PROBE_AFTER * (0.8 + 0.4 * systemClock.random()), () => {
      // In two halves: when this process has been stalled, the answer still gets its turn to be read.
      wait(ANSWER_WITHIN / 2, () => wait(ANSWER_WITHIN / 2, lose));
      kv.delete(probe).catch(lose);
    });
  const read = async (): Promise<void> => {
    for await (const entry of entries) {
      if (over) return;
      heard();
      on.entry(entry);
    }
  };
  heard();
  read().then(lose, lose);
  return end;
}
