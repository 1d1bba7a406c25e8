import type { ForeignStore, Store } from "../options/store.js";
import { circuitKey, holdKey, type Subject, subjectOf } from "../protocol/key.js";
import { systemClock } from "../runtime/system-clock.js";
import { pythonName } from "./django/key.js";
import { type DjangoCache, type Held, isFalse, type Marker, readMarker } from "./django/marker.js";
import { announce, holds, settle } from "./django/settle.js";
import { memoryStore } from "./memory.js";
import { checkOptions } from "./shared/options.js";

export type {
  DjangoDatabaseClient,
  DjangoDatabaseOptions,
  Mysql2Client,
  SqliteDatabase,
} from "./django/database.js";
export { djangoDatabase } from "./django/database.js";
export type { DjangoCache, Held } from "./django/marker.js";
export { djangoMemcached } from "./django/memcached.js";
export { djangoRedis } from "./django/redis.js";

export interface DjangoCacheStoreOptions {
  /**
   * The store for this library's own records (leases, generations, votes and holds), in keys or tables that Python
   * never reads. The result has `swap` and `watch` if this store has them. Without it only the markers are shared: each
   * process probes for itself, and `quorum` is not available.
   */
  readonly records?: Store;
  /** `KEY_PREFIX` of Django's cache. @default "" */
  readonly keyPrefix?: string;
  /** `VERSION` of Django's cache. @default 1 */
  readonly version?: number;
  /**
   * `KEY_FUNCTION` of Django's cache: the key of a circuit's name.
   *
   * @default `${keyPrefix}:${version}:${name}`
   */
  readonly key?: (name: string, keyPrefix: string, version: number) => string;
}

/**
 * A store for processes that share their circuits with Python services, which run Python's failfast over a Django cache
 * in Redis, memcached or a database.
 *
 * If Python opens a circuit, it is open here for as long as Python's marker exists. If it is opened here, a marker is
 * written for Python, and written again if it gets lost. Closing here removes the marker. Polling finds what Python
 * does, within some 1.2 s.
 *
 * @example
 * const store = djangoCacheStore(djangoRedis(client), { records: redisStore(client), keyPrefix: "shop" });
 * const salesApi = failfast("sales_api", 60, { store }); // @failfast("sales_api", 60, DjangoCacheStore(cache))
 *
 * @throws {TypeError} if the cache isn't the result of djangoRedis(), djangoMemcached() or djangoDatabase(), or an
 * option is unknown or of the wrong type.
 */
export function djangoCacheStore(cache: DjangoCache, options: DjangoCacheStoreOptions = {}): ForeignStore {
  check(cache, options);
  const { keyPrefix = "", version = 1, key: makeKey = defaultKey, records } = options;
  const kept = records ?? memoryStore();
  /** Without shared records: what this process itself marked. */
  const own = new Map<string, number>();

  /** Django's key for a store's key; `undefined` if Python can't have one. */
  const markedBy = (subject: Subject | undefined): string | undefined => {
    const name = subject && pythonName(subject.encoded);
    const key = name === undefined ? undefined : makeKey(name, keyPrefix, version);
    return key !== undefined && cache.fits(key) ? key : undefined;
  };
  /** If records aren't shared, the generations of another process mean nothing here. */
  const markerOf = (held: Held, key: string): Marker | null => {
    const marker = readMarker(held);
    return records || !marker || marker.ours === own.get(key) ? marker : { left: marker.left };
  };

  async function mark(key: string, { mark, ms }: { readonly mark: number; readonly ms: number }) {
    if (!records) own.set(key, mark);
    await cache.mark(key, mark, ms);
  }

  async function clear(key: string): Promise<void> {
    own.delete(key);
    await cache.clear(key);
  }

  /** The stored value, and the store's time if it is known. */
  const peek = async (key: string): Promise<{ readonly value: string | null; readonly now?: number }> =>
    kept.swap ? kept.swap(key, NO_RECORD, NO_RECORD, 1) : { value: (await kept.get(key)) ?? null };

  /** If the two sides of a circuit seemed to disagree, looks again and corrects it; returns its record. */
  async function reconcile(
    encoded: string,
    key: string,
    held: Held,
    circuit: string | null,
    hold: string | null,
  ): Promise<string | null> {
    const seen = { marker: markerOf(held, key), circuit, hold, now: held.now ?? Date.now() };
    return settle(seen, nonce).do === "nothing" ? circuit : mend(encoded, key);
  }

  async function mend(encoded: string, key: string): Promise<string | null> {
    // The marker first: a process writes its record before its marker, so the record read afterwards is not older.
    const held = await cache.read(key);
    const [{ value, now = Date.now() }, hold] = await Promise.all([
      peek(circuitKey(encoded)),
      kept.get(holdKey(encoded)),
    ]);
    const step = settle({ marker: markerOf(held, key), circuit: value, hold: hold ?? null, now }, nonce);
    switch (step.do) {
      case "mark":
        // A value that Python takes for false may exist for longer.
        if (held.bytes !== null && isFalse(held.bytes)) await cache.clear(key);
        await mark(key, step);
        return value;
      case "clear":
        await clear(key);
        return value;
      case "write":
        if (kept.swap) return (await kept.swap(circuitKey(encoded), value, step.value, step.ttlMs)).value;
        await kept.set(circuitKey(encoded), step.value, step.ttlMs);
        return step.value;
      case "nothing":
        return value;
    }
  }

  async function get(key: string): Promise<string | null> {
    const subject = subjectOf(key);
    const marked = markedBy(subject);
    if (subject === undefined || marked === undefined) return (await kept.get(key)) ?? null;
    const value = async (): Promise<string | null> => (await kept.get(key)) ?? null;
    if (subject.kind === "hold") {
      const hold = await value();
      if (holds(hold, Date.now())) {
        const held = await cache.read(marked);
        await reconcile(
          subject.encoded,
          marked,
          held,
          (await kept.get(circuitKey(subject.encoded))) ?? null,
          hold,
        );
      }
      return hold;
    }
    const held = await cache.read(marked);
    return reconcile(subject.encoded, marked, held, await value(), null);
  }

  async function tell(key: string, value: string, now = Date.now()): Promise<void> {
    const subject = subjectOf(key);
    const marked = markedBy(subject);
    if (subject === undefined || marked === undefined) return;
    const step = announce(subject.kind, value, now);
    if (step.do === "mark") await mark(marked, step);
    else if (step.do === "clear") await clear(marked);
  }

  const { swap, watch } = records ?? {};
  /** Values that are being written. */
  const telling = new Set<string>();
  return {
    foreign: true,
    get,
    async set(key, value, ttlMs) {
      await kept.set(key, value, ttlMs);
      await tell(key, value);
    },
    async delete(key) {
      await kept.delete(key);
      const marked = markedBy(subjectOf(key));
      if (marked !== undefined) await clear(marked);
    },
    ...(swap && {
      async swap(key, expect, value, ttlMs) {
        telling.add(value);
        try {
          const result = await swap.call(records, key, expect, value, ttlMs);
          if (result.ok) await tell(key, value, result.now);
          return result;
        } finally {
          telling.delete(value);
        }
      },
    }),
    ...(records?.sibling && { sibling: records.sibling }),
    ...(watch && {
      watch: (prefix, on) =>
        watch.call(records, prefix, {
          gap: () => on.gap(),
          // A push of our own write would come before Python was told. The swap reports it after that.
          change: (entry) => (telling.has(entry.value) ? undefined : on.change(entry)),
        }),
    }),
  };
}

/** Something that is never a record: a swap that expects it returns what is stored, and the time. */
const NO_RECORD = "?";

const nonce = (): string => systemClock.random().toString(36).slice(2) || "0";

const defaultKey = (name: string, keyPrefix: string, version: number): string =>
  `${keyPrefix}:${version}:${name}`;

function check(cache: unknown, options: DjangoCacheStoreOptions): void {
  const { read, mark, clear, fits } = (cache ?? {}) as Partial<DjangoCache>;
  if (![read, mark, clear, fits].every((verb) => typeof verb === "function")) {
    throw new TypeError(
      "djangoCacheStore() takes what djangoRedis(client), djangoMemcached(client) or djangoDatabase(client) gives: this is something else",
    );
  }
  checkOptions("djangoCacheStore", options, ["records", "keyPrefix", "version", "key"]);
  const { keyPrefix, version, key, records } = options;
  if (keyPrefix !== undefined && typeof keyPrefix !== "string")
    throw new TypeError(`the keyPrefix of djangoCacheStore() is a text, got ${typeof keyPrefix}`);
  if (version !== undefined && !Number.isSafeInteger(version))
    throw new TypeError(`the version of djangoCacheStore() is a whole number, got ${String(version)}`);
  if (key !== undefined && typeof key !== "function")
    throw new TypeError(`the key of djangoCacheStore() is a function, got ${typeof key}`);
  if (records !== undefined && typeof records?.get !== "function")
    throw new TypeError("the records of djangoCacheStore() are a store: { records: redisStore(client) }");
}
