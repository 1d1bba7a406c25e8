import { MemoryCache } from "./cache.js";
import type { CoalesceReset, ResolvedOptions } from "./options.js";

/** Tells how a call ended, and the value of a call that succeeded. */
export type CallEnded<TR> = (how: CoalesceReset | "locked", value?: TR) => void;

/** Answers that calls with the same key share: opossum's options `cache` and `coalesce`. */
export class SharedAnswers<TI extends unknown[], TR> {
  readonly #options: ResolvedOptions<TI>;
  readonly #emit: (event: string) => void;
  /** The answers of calls that have not ended. */
  readonly #underWay: MemoryCache | undefined;

  constructor(options: ResolvedOptions<TI>, emit: (event: string) => void) {
    this.#options = options;
    this.#emit = emit;
    this.#underWay = options.coalesce ? new MemoryCache(options.coalesceSize) : undefined;
  }

  /** @param breaker the `this` of `cacheGetKey`. */
  answer(breaker: object, args: TI, call: (ended: CallEnded<TR>) => Promise<TR>): Promise<TR> {
    const { cache, coalesce, coalesceTTL, cacheTransport, cacheTTL, cacheGetKey } = this.#options;
    if (!cache && !coalesce) return call(() => undefined);

    const key = Reflect.apply(cacheGetKey, breaker, args);
    const kept = cache ? cacheTransport?.get(key) : undefined;
    if (cache) this.#emit(kept ? "cacheHit" : "cacheMiss");
    if (kept) return kept as Promise<TR>;
    const underWay = this.#underWay?.get(key);
    if (coalesce) this.#emit(underWay ? "coalesceCacheHit" : "coalesceCacheMiss");
    if (underWay) return underWay as Promise<TR>;

    const answer = call((how, value) => {
      if (how === "locked" || this.#options.coalesceResetOn.includes(how)) this.#underWay?.delete(key);
      if (how === "success" && cache) cacheTransport?.set(key, Promise.resolve(value), expiry(cacheTTL));
    });
    this.#underWay?.set(key, answer, expiry(coalesceTTL));
    return answer;
  }

  clear(): void {
    this.#options.cacheTransport?.flush();
    this.#underWay?.flush();
  }
}

const expiry = (ttl: number): number => (ttl > 0 ? Date.now() + ttl : 0);
