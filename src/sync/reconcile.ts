import { StoreAnswerError } from "../errors/store-errors.js";
import type { StoreEntry, StoreListing } from "../options/store.js";
import type { Clock } from "../runtime/clock.js";
import type { AnyEntry, RecordCache } from "./cache.js";
import type { Health } from "./health.js";
import type { KeyToRead } from "./key-reader.js";
import { arrivalOf } from "./local-deadline.js";
import { inSlices } from "./slices.js";
import type { StoreClock } from "./store-clock.js";
import { isEntry } from "./store-operations.js";
import type { Outcome } from "./with-deadline.js";

/** A poll reads this many records one by one, because a list of changes doesn't say that they are still there. */
const VERIFIED_A_POLL = 16;

/** What reconciling needs from the replica. */
export interface ReconcileHost {
  readonly clock: Clock;
  readonly storeClock: StoreClock;
  readonly health: Health;
  readonly cache: RecordCache;
}

/** A list that was requested. */
export interface ListRead {
  readonly sent: number;
  /** The count of adoptions at that time: an answer says nothing about what was adopted later. */
  readonly adoptions: number;
  /** Nothing was missed since the read before, so a change since then is new. */
  readonly fresh: boolean;
  /** Only the changes were requested. */
  readonly since: string | undefined;
}

/** What a list brought. */
export interface Listed {
  /** A record of another process, which this one didn't have. */
  readonly news: boolean;
  /** The keys that have to be read on their own. */
  readonly unverified: readonly KeyToRead[];
}

/** Brings the cache in line with what the store listed. */
export class Reconciler {
  readonly #host: ReconcileHost;
  /** Records that restrict and still have to be read, before the next round over all of them. */
  readonly #unverified: AnyEntry[] = [];

  constructor(host: ReconcileHost) {
    this.#host = host;
  }

  take(listing: StoreListing, read: ListRead, done: (outcome: Outcome<Listed>) => void): void {
    const { clock, storeClock, cache, health } = this.#host;
    const { sent, adoptions, fresh, since } = read;
    const complete = since === undefined || listing.complete === true;
    const listed = new Set<string>();
    let clockRead = storeClock.learn(listing.now, sent);
    let news = false;

    const take = (entry: unknown): void => {
      if (!isEntry(entry)) {
        refuseEntry(health);
        listed.add("");
        return;
      }
      if (!clockRead) clockRead = storeClock.learn(entry.now, sent);
      listed.add(entry.key);
      const known = cache.known(entry.key);
      const arrival = arrivalOf(storeClock, entry.now ?? listing.now, fresh);
      const { byOthers, adoptions: before } = cache;
      cache.deliver(entry, arrival, known === undefined || known.unchangedSince(adoptions));
      // What is not kept, since nobody here uses it and it restricts nobody, comes again with each list.
      const kept = cache.adoptions > before && cache.known(entry.key) !== undefined;
      news ||= kept && cache.byOthers > byOthers;
    };
    const lookAtAll = this.#unverified.length === 0;
    const settle = (entry: AnyEntry): void => {
      if (complete && !listed.has(entry.key) && entry.unchangedSince(adoptions)) cache.recordMissing(entry);
      if (!cache.restricts(entry)) cache.prune(entry);
      else if (lookAtAll) this.#unverified.push(entry);
    };

    inSlices(clock, listing.entries, take, (taken) => {
      if (!taken.ok) {
        done(taken);
        return;
      }
      if (complete) health.listed(listed);
      inSlices(clock, cache.entries(), settle, () =>
        done({ ok: true, value: { news, unverified: complete ? [] : this.#toVerify(listed) } }),
      );
    });
  }

  /** Records missing from a list of changes may be unchanged, or lost. A few of them are read each time. */
  #toVerify(listed: ReadonlySet<string>): readonly KeyToRead[] {
    return this.#unverified
      .splice(0, VERIFIED_A_POLL)
      .filter((entry) => this.#host.cache.restricts(entry) && !listed.has(entry.key))
      .map(({ key }) => ({ key, fresh: false }));
  }
}

/** Adds to the cache what the store pushed. */
export function takePush(host: ReconcileHost, entry: StoreEntry, fresh: boolean): void {
  const { cache, storeClock, health } = host;
  if (isEntry(entry)) {
    storeClock.hear(entry.now);
    cache.deliver(entry, arrivalOf(storeClock, entry.now, fresh), false);
  } else refuseEntry(health);
  health.reportInvalid();
}

/** What arrived is not an entry. */
function refuseEntry(health: Health): void {
  health.invalid(
    "",
    "",
    new StoreAnswerError(
      "the store delivered something that is not an entry, { key: string, value: string }",
    ),
  );
}
