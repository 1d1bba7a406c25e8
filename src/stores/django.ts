import type { ForeignStore, Store } from "../options/store.js";
import { circuitKey, subjectOf } from "../protocol/key.js";
import type { DjangoCache } from "./django/marker.js";
import { Markers } from "./django/markers.js";
import { reconcile } from "./django/reconcile.js";
import { announce, holds } from "./django/settle.js";
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

/** The options of `djangoCacheStore`. */
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
  const own = records ? undefined : new Map<string, number>();
  const markers = new Markers(cache, (name) => makeKey(name, keyPrefix, version), own);
  const read = async (key: string): Promise<string | null> => (await kept.get(key)) ?? null;

  async function get(key: string): Promise<string | null> {
    const subject = subjectOf(key);
    const marked = markers.keyOf(subject);
    if (subject === undefined || marked === undefined) return read(key);
    const { encoded, kind } = subject;
    if (kind === "hold") {
      const hold = await read(key);
      if (holds(hold, Date.now())) {
        const held = await markers.read(marked);
        const circuit = await read(circuitKey(encoded));
        await reconcile(kept, markers, { encoded, key: marked, held, circuit, hold });
      }
      return hold;
    }
    const held = await markers.read(marked);
    const circuit = await read(key);
    return reconcile(kept, markers, { encoded, key: marked, held, circuit, hold: null });
  }

  async function tell(key: string, value: string, now = Date.now()): Promise<void> {
    const subject = subjectOf(key);
    const marked = markers.keyOf(subject);
    if (subject === undefined || marked === undefined) return;
    const step = announce(subject.kind, value, now);
    if (step.do === "mark") await markers.mark(marked, step);
    else if (step.do === "clear") await markers.clear(marked);
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
      const marked = markers.keyOf(subjectOf(key));
      if (marked !== undefined) await markers.clear(marked);
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
