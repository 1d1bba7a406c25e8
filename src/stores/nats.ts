import type { Store, StoreEntry } from "../options/store.js";
import { checkBucket, isConflict, type NatsEntry, type NatsKv } from "./nats/bucket.js";
import { decodeToken, encodeToken } from "./nats/key.js";
import { readAll } from "./nats/read-all.js";
import { watch } from "./nats/watch.js";
import { seal, unseal } from "./shared/envelope.js";
import { checkOptions, checkPrefix } from "./shared/options.js";
import { safeWatcher } from "./shared/watcher.js";

export type { NatsEntries, NatsEntry, NatsKv } from "./nats/bucket.js";

/** The options of `natsStore`. */
export interface NatsStoreOptions {
  /**
   * Names the fleet: processes that use the same prefix in one bucket share their circuits. A record's key is
   * `<prefix>.<key>`, with `/` for its colons and codes such as `=2E` for characters that NATS doesn't allow. Any text
   * except the empty one.
   *
   * @default "failfast"
   */
  readonly prefix?: string;
}

/** How many times a swap reads again if the bucket has changed but this value has not. */
const ATTEMPTS = 4;

/**
 * A store in a bucket of NATS JetStream's key-value store, through `@nats-io/kv`, with all six verbs.
 *
 * A swap compares the value here and the revision in the server. Every value contains its own deadline, judged by this
 * process's clock, since not every server has a time to live for each key. If the bucket has one, it must be longer
 * than that of any record: the longest open time and 24 hours. The bucket and its connection are the caller's: they are
 * never made, configured or closed, and no deadline is put on their requests.
 *
 * @example
 * const connection = await connect({ servers, maxReconnectAttempts: -1, pingInterval: 5_000 });
 * const kv = await new Kvm(connection).create("failfast", { history: 1, allow_direct: false });
 * const salesApi = failfast("sales_api", 60, { store: natsStore(kv) });
 *
 * @throws {TypeError} anything but a bucket, an unknown option, or a prefix that isn't a text of at least one
 * character.
 */
export function natsStore(kv: NatsKv, options: NatsStoreOptions = {}): Store {
  checkBucket(kv);
  checkOptions("natsStore", options, ["prefix"]);
  const prefix = checkPrefix("natsStore", options.prefix);
  const base = `${encodeToken(prefix)}.`;
  const pattern = `${base}>`;
  // A record's key has no dot.
  const probe = `${base}watch.probe`;
  const nameOf = (key: string): string => base + encodeToken(key);
  const keyOf = (entry: NatsEntry): string => decodeToken(entry.key.slice(base.length));

  return {
    get: async (key) => liveValue(await kv.get(nameOf(key))),
    set: (key, value, ttlMs) => kv.put(nameOf(key), seal(value, Date.now() + ttlMs)),
    delete: (key) => kv.delete(nameOf(key)),

    async swap(key, expect, value, ttlMs) {
      const name = nameOf(key);
      for (let attempt = 1; ; attempt += 1) {
        const found = await kv.get(name);
        const stored = liveValue(found);
        if (stored !== expect) return { ok: false, value: stored };
        try {
          await kv.put(name, seal(value, Date.now() + ttlMs), { previousSeq: found?.revision ?? 0 });
          return { ok: true, value };
        } catch (error) {
          if (!isConflict(error) || attempt === ATTEMPTS) throw error;
        }
      }
    },

    async list(start, since = "") {
      const { created, state } = (await kv.status()).streamInfo;
      const from = Number(new RegExp(`^${created}/(\\d+)$`).exec(since)?.[1] ?? Number.NaN);
      const complete = !(from <= state.last_seq);
      const latest = complete
        ? await readAll(() => kv.history({ key: pattern }), state.last_seq)
        : from === state.last_seq
          ? []
          : await readAll(() => kv.watch({ key: pattern, resumeFromRevision: from + 1 }), state.last_seq);
      const found: StoreEntry[] = [];
      for (const entry of latest) {
        if (entry.operation !== "PUT") continue;
        const key = keyOf(entry);
        const value = liveValue(entry);
        if (value === null) kv.purge(entry.key, { previousSeq: entry.revision }).catch(() => {});
        else if (key.startsWith(start)) found.push({ key, value });
      }
      // A value that is written during the read comes once more.
      return { entries: found, cursor: `${created}/${state.last_seq}`, complete };
    },

    watch(start, on) {
      const watcher = safeWatcher(start, on);
      return watch(
        {
          ...{ kv, pattern, probe },
          entry(entry) {
            const key = keyOf(entry);
            if (entry.key === probe || !key.startsWith(start)) return;
            const value = liveValue(entry);
            if (value === null) watcher.gap();
            else watcher.change({ key, value });
          },
        },
        watcher,
      );
    },

    // It lists nothing, so processes don't report here: each write to the bucket makes the next poll of every process
    // longer.
    sibling(name) {
      const { list, watch, ...verbs } = natsStore(kv, { prefix: `${prefix}:@${name}` });
      return verbs;
    },
  };
}

/** The value of an entry, if it is live. */
const liveValue = (entry: NatsEntry | null): string | null =>
  entry?.operation === "PUT" ? unseal(entry.string(), Date.now()) : null;
