import type { Store } from "../options/store.js";
import {
  type CacheManagerCache,
  detectClient,
  type KeyvCache,
  type PlainCache,
  type TtlUnit,
  type UnstorageCache,
} from "./cache/detect-client.js";
import { seal, unseal } from "./shared/envelope.js";
import { checkOptions, checkPrefix } from "./shared/options.js";

export type {
  CacheManagerCache,
  KeyvCache,
  PlainCache,
  TtlUnit,
  UnstorageCache,
} from "./cache/detect-client.js";

/** The options of `cacheStore`. */
export interface CacheStoreOptions {
  /**
   * Names the fleet: processes that use the same prefix in one cache share their circuits. A record's key is
   * `<prefix>:<key>`; for unstorage it is written in lower case. Any text except the empty one.
   *
   * @default "failfast"
   */
  readonly prefix?: string;
  /**
   * The unit of the third argument of the cache's `set`: milliseconds or seconds. Leave it out for a known cache; for
   * any other it is required.
   */
  readonly ttlUnit?: TtlUnit;
}

/**
 * A store in a cache that the application already has: a Keyv instance, cache-manager's cache (which is NestJS's
 * `CACHE_MANAGER`), unstorage, or anything with `get`, `set` and `delete` and a given `ttlUnit`.
 *
 * It has the three methods that any cache has. Without an atomic one, an open circuit is shared, but two processes may
 * probe at the same time, and `quorum` is not available. Every value contains its own deadline, judged by this
 * process's clock, so that a cache that keeps it longer does no harm.
 *
 * @example
 * const keyv = new Keyv({ store: new KeyvRedis(url), throwOnErrors: true });
 * const salesApi = failfast("sales_api", 60, { store: cacheStore(keyv) });
 *
 * const own = cacheStore({ get, set, delete: remove }, { ttlUnit: "s" });
 *
 * @throws {TypeError} the cache is none of those or has several tiers, an option is unknown, the prefix isn't a text of
 * at least one character, or `ttlUnit` is missing, unknown, or not what that cache uses.
 */
export function cacheStore(
  cache: KeyvCache | CacheManagerCache | UnstorageCache,
  options?: CacheStoreOptions,
): Store;
export function cacheStore(
  cache: PlainCache,
  options: CacheStoreOptions & { readonly ttlUnit: TtlUnit },
): Store;
export function cacheStore(cache: unknown, options: CacheStoreOptions = {}): Store {
  checkOptions("cacheStore", options, ["prefix", "ttlUnit"]);
  const prefix = checkPrefix("cacheStore", options.prefix);
  const { unit, spell, get, set, remove } = detectClient(cache, options.ttlUnit);
  const keyOf = (key: string): string => `${spell(prefix)}:${spell(key)}`;

  return {
    async get(key) {
      return unseal(await get(keyOf(key)), Date.now());
    },
    async set(key, value, ttlMs) {
      const ttl = Math.ceil(unit === "s" ? ttlMs / 1_000 : ttlMs);
      const answer = await set(keyOf(key), seal(value, Date.now() + ttlMs), ttl);
      // How Keyv reports that its backend failed.
      if (answer === false)
        throw new Error(`the cache did not store "${keyOf(key)}": its set() answered false`);
    },
    async delete(key) {
      await remove(keyOf(key));
    },
    sibling: (name) => cacheStore(cache as PlainCache, { ttlUnit: unit, prefix: `${prefix}:@${name}` }),
  };
}
