import type { Awaitable } from "../../options/store.js";
import { describeClient, hasMethods } from "../shared/given-client.js";
import { isKvNamespace, WHY_NOT_KV } from "../shared/kv.js";
import { spell } from "./spell.js";

/** The unit of a cache's times to live: milliseconds or seconds. */
export type TtlUnit = "ms" | "s";

/** Any cache. The unit of `ttl` has to be given. */
export interface PlainCache {
  get(key: string): Awaitable<unknown>;
  set(key: string, value: string, ttl: number): Awaitable<unknown>;
  delete(key: string): Awaitable<unknown>;
}

/** Distinguishes a Keyv instance from its storage adapters, which use another unit. */
export interface KeyvCache extends PlainCache {
  readonly hooks: object;
  readonly stats: object;
}

/** A cache of cache-manager 6 or later. */
export interface CacheManagerCache {
  get(key: string): Awaitable<unknown>;
  set(key: string, value: string, ttl: number): Awaitable<unknown>;
  del(key: string): Awaitable<unknown>;
  wrap: unknown;
  readonly stores: readonly unknown[];
}

/** A storage of unstorage. */
export interface UnstorageCache {
  getItem(key: string): Awaitable<unknown>;
  setItem(key: string, value: string, options: { readonly ttl: number }): Awaitable<unknown>;
  removeItem(key: string): Awaitable<unknown>;
  /** Not called. Other objects with the other three methods, such as a browser's storage, take no options. */
  hasItem: unknown;
}

/** A cache in the form that the store uses. */
interface DetectedCache {
  readonly unit: TtlUnit;
  /** Writes a prefix or a key for this cache. */
  spell(text: string): string;
  get(key: string): Awaitable<unknown>;
  set(key: string, value: string, ttl: number): Awaitable<unknown>;
  remove(key: string): Awaitable<unknown>;
}

/** Recognises the library by the cache's methods; throws a `TypeError` for any cache that can't be used. */
export function detectClient(cache: unknown, ttlUnit: TtlUnit | undefined): DetectedCache {
  if (ttlUnit !== undefined && ttlUnit !== "ms" && ttlUnit !== "s") {
    throw new TypeError(`the ttlUnit of cacheStore() is "ms" or "s", got ${String(ttlUnit)}`);
  }
  const known = (library: string, unit: TtlUnit): TtlUnit => {
    if (ttlUnit === undefined || ttlUnit === unit) return unit;
    throw new TypeError(
      `cacheStore() got ttlUnit "${ttlUnit}" for ${library}, which counts in ${unit}; leave it out`,
    );
  };

  refuseKv(cache);
  if (hasMethods<UnstorageCache>(cache, ["getItem", "setItem", "removeItem", "hasItem"])) {
    return {
      unit: known("unstorage", "s"),
      spell,
      get: (key) => cache.getItem(key),
      set: (key, value, ttl) => cache.setItem(key, value, { ttl }),
      remove: (key) => cache.removeItem(key),
    };
  }
  if (hasMethods<CacheManagerCache>(cache, ["get", "set", "del", "wrap"]) && Array.isArray(cache.stores)) {
    if (cache.stores.length > 1) {
      throw new TypeError(
        `cacheStore() takes a cache of one tier, got one of ${cache.stores.length}, whose first would hide what ` +
          "other processes write; pass the tier they share: cacheStore(cache.stores[1])",
      );
    }
    return {
      ...straight(cache, known("cache-manager", "ms")),
      remove: (key) => cache.del(key),
    };
  }
  if (hasMethods<PlainCache>(cache, ["get", "set", "delete"])) {
    const { hooks, stats } = cache as Partial<KeyvCache>;
    const keyv = typeof hooks === "object" && typeof stats === "object";
    const unit = keyv ? known("Keyv", "ms") : ttlUnit;
    if (unit !== undefined) return { ...straight(cache, unit), remove: (key) => cache.delete(key) };
    throw new TypeError(
      "cacheStore() doesn't know this cache; say what the third argument of its set() counts: " +
        'cacheStore(cache, { ttlUnit: "ms" }) or { ttlUnit: "s" }',
    );
  }
  throw new TypeError(
    `cacheStore() takes a Keyv instance, a cache of cache-manager, a storage of unstorage, or an object with ` +
      `get(), set() and delete(), got ${describeClient(cache, kindOf)}`,
  );
}

/** @throws {TypeError} KV of Cloudflare Workers, itself or under unstorage. */
function refuseKv(cache: unknown): void {
  const { getMount } = Object(cache) as { getMount?(key: string): { driver?: { name?: unknown } } };
  const driver = typeof getMount === "function" ? String(getMount("failfast").driver?.name) : "";
  if (isKvNamespace(cache) || driver.startsWith("cloudflare-kv"))
    throw new TypeError(
      `cacheStore() got a KV namespace, and ${WHY_NOT_KV}: there is durableObjectStore() of failfast/workers`,
    );
}

function straight(cache: Omit<PlainCache, "delete">, unit: TtlUnit): Omit<DetectedCache, "remove"> {
  return {
    unit,
    spell: (text) => text,
    get: (key) => cache.get(key),
    set: (key, value, ttl) => cache.set(key, value, ttl),
  };
}

const kindOf = ({ sendCommand }: Readonly<Record<string, unknown>>): string =>
  typeof sendCommand === "function"
    ? "a client of Redis, for which there is redisStore()"
    : "an object that is none of these";
