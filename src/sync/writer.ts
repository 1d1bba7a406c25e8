import { encode } from "../protocol/codec.js";
import { HOLD_KEPT_MS, KEPT_MS, type VersionedRecord } from "../protocol/record.js";
import { nextRevision, type Stamp } from "../protocol/transition.js";
import type { Awaitable, SwapResult } from "../stores/store.js";
import type { Entry, Write } from "./entry.js";
import type { Replica } from "./replica.js";
import { retryDelay } from "./retry.js";
import { swap } from "./store-operations.js";
import { type Outcome, within } from "./with-deadline.js";

/** Our own deadline for a write: no client library's is to be trusted. */
const WRITE_MS = 250;
const TRIES = 8;
/** No record is this: an answer to a swap that expects it tells what is stored, and the time. */
const NOTHING_LIKE_IT = "?";
/** Nothing that comes in is this one's, for no record is without a nonce. */
const NOT_SENT: Write = { nonce: "", granted: () => undefined };

/** `granted`: the store has it. `moot`: there was nothing to write. `busy`: another write is under way. */
export type WriteOutcome = "granted" | "moot" | "busy" | "failed";

/**
 * Writes one record by compare-and-swap. `decide` sees, through its closure, what is known by then: it is
 * asked again after each conflict, and answers `null` once there is nothing left to write. One write is
 * under way for each entry; whatever is decided meanwhile is found when it ends, so that there is never a queue.
 */
export function write<R extends VersionedRecord>(
  replica: Replica,
  entry: Entry<R>,
  decide: (stamp: Stamp) => R | null,
  done: (outcome: WriteOutcome) => void,
): void {
  if (entry.write !== undefined) {
    done("busy");
    return;
  }
  const { clock, store, storeClock } = replica;
  let over = false;

  const end = (outcome: WriteOutcome): void => {
    if (over) return;
    over = true;
    entry.write = undefined;
    done(outcome);
    replica.writeEnded();
    if (outcome === "failed") {
      retryLater(replica, entry);
      return;
    }
    if (outcome === "granted") recover(replica, entry);
    entry.subscriber?.flush();
  };

  const attempt = (tries: number): void => {
    if (!storeClock.known && store.swap) {
      readClock(tries);
      return;
    }
    const stamp = makeStamp(replica, entry);
    const record = decide(stamp);
    if (record === null) {
      end("moot");
      return;
    }
    const raw = encode(record);
    entry.write = { nonce: stamp.nonce, granted: () => end("granted") };
    const sent = clock.now();
    ask(
      replica,
      entry,
      () => swap(store, entry.key, entry.stored ?? null, raw, ttl(record, stamp.now)),
      (outcome) => answered(outcome, raw, sent, tries),
    );
  };

  const answered = (outcome: Outcome<SwapResult>, raw: string, sent: number, tries: number): void => {
    if (!outcome.ok) {
      if (!over) fail(outcome.error);
      return;
    }
    const { ok, value, now } = outcome.value;
    const known = storeClock.learn(now, sent);
    const arrival = { now: known ? now : undefined, fresh: true };
    if (over) return;
    // A swap that lost its answer, and was carried out all the same, returns what we wrote.
    if (ok || value === raw) {
      replica.receive(entry, raw, arrival, true);
      end("granted");
      return;
    }
    entry.write = NOT_SENT;
    replica.receive(entry, value, arrival, true);
    if (tries >= TRIES) fail(new Error(`the write of "${entry.key}" lost ${TRIES} races in a row`));
    else if (tries < 2) attempt(tries + 1);
    else clock.after(clock.random() * 10 * 2 ** tries, () => attempt(tries + 1));
  };

  /** Learns the store's clock before the first deadline is written in it. */
  const readClock = (tries: number): void => {
    entry.write = NOT_SENT;
    const sent = clock.now();
    ask(
      replica,
      entry,
      () => swap(store, entry.key, NOTHING_LIKE_IT, NOTHING_LIKE_IT, 1),
      (outcome) => {
        if (!outcome.ok) {
          fail(outcome.error);
          return;
        }
        const { value, now } = outcome.value;
        const known = storeClock.learn(now, sent);
        if (!known) storeClock.absent = true;
        replica.receive(entry, value, { now: known ? now : undefined, fresh: false }, true);
        attempt(tries);
      },
    );
  };

  const fail = (error: unknown): void => {
    entry.strikes++;
    replica.trouble(error);
    replica.synchroniser.doubt();
    end("failed");
  };

  entry.write = NOT_SENT;
  replica.writeBegan();
  attempt(0);
}

function makeStamp(replica: Replica, entry: Entry<VersionedRecord>): Stamp {
  const now = Math.floor(replica.storeClock.now());
  return { revision: nextRevision(entry.seen, now), nonce: nonce(replica), now, by: replica.identity };
}

const nonce = ({ clock }: Replica): string =>
  clock.random().toString(36).slice(2) + clock.random().toString(36).slice(2) || "0";

export const isHold = (record: VersionedRecord): boolean => !("generation" in record);

/** Only expiry deletes, and late: whoever looks a day after the deadline still learns of it. */
function ttl(record: VersionedRecord, now: number): number {
  const endless = isHold(record) && record.until === 0 && record.state !== "released";
  return endless ? HOLD_KEPT_MS : Math.max(Math.ceil(record.until - now), 0) + KEPT_MS;
}

/** Asks under our own deadline, and minds what was given up and hangs. */
function ask(
  replica: Replica,
  entry: Entry<VersionedRecord>,
  work: () => Awaitable<SwapResult>,
  done: (outcome: Outcome<SwapResult>) => void,
): void {
  within(
    replica.clock,
    WRITE_MS,
    work,
    (outcome) => {
      entry.hanging = !outcome.ok && outcome.hangs ? entry.hanging + 1 : 0;
      done(outcome);
    },
    () => {
      entry.hanging = 0;
      if (entry.retry) retryLater(replica, entry, 1 / 2);
    },
  );
}

/** What is still pending is proposed again; while the store is down, when it is up again. */
function retryLater(replica: Replica, entry: Entry<VersionedRecord>, share = 1): void {
  const { clock, synchroniser } = replica;
  entry.retry?.();
  entry.retry = clock.after(share * retryDelay(entry.hanging, clock.random()), () => {
    entry.retry = undefined;
    if (!synchroniser.down) entry.subscriber?.flush();
  });
}

function recover(replica: Replica, entry: Entry<VersionedRecord>): void {
  if (entry.strikes === 0) return;
  entry.strikes = 0;
  replica.recovered();
}
