/**
 * Keeps the answers of calls, for opossum's option `cache`. A `Map` doesn't fit, because each entry has its own
 * `expiresAt`.
 */
export interface CacheTransport {
  get(key: string): unknown;
  /** @param expiresAt ms since the epoch; 0: never. */
  set(key: string, value: unknown, expiresAt: number): void;
  flush(): void;
}

/** The largest size of a `Map`. */
const MOST_ENTRIES = 2 ** 24 - 1;

/** Promises by key, until they expire. If there are too many, the oldest is removed. */
export class MemoryCache implements CacheTransport {
  readonly cache: Map<string, { readonly expiresAt: number; readonly value: unknown }> = new Map();
  readonly maxEntries: number;

  constructor(maxEntries: number = MOST_ENTRIES) {
    this.maxEntries = maxEntries;
  }

  get(key: string): unknown {
    const entry = this.cache.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt === 0 || entry.expiresAt > Date.now()) return entry.value;
    this.cache.delete(key);
    return undefined;
  }

  set(key: string, value: unknown, expiresAt: number): void {
    if (this.cache.size >= this.maxEntries && this.get(key) === undefined) {
      const [oldest] = this.cache.keys();
      if (oldest !== undefined) this.cache.delete(oldest);
    }
    this.cache.set(key, { expiresAt, value });
  }

  delete(key: string): void {
    this.cache.delete(key);
  }

  flush(): void {
    this.cache.clear();
  }
}
