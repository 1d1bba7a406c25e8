import type { EventEmitter } from "node:events";
import type { Counted, Status } from "./status.js";

/** What each event adds to the statistics. */
const COUNTED: readonly (readonly [string, Counted])[] = [
  ["success", "successes"],
  ["failure", "failures"],
  ["fallback", "fallbacks"],
  ["timeout", "timeouts"],
  ["fire", "fires"],
  ["reject", "rejects"],
  ["cacheHit", "cacheHits"],
  ["cacheMiss", "cacheMisses"],
  ["coalesceCacheHit", "coalesceCacheHits"],
  ["coalesceCacheMiss", "coalesceCacheMisses"],
  ["semaphoreLocked", "semaphoreRejections"],
];
/**
 * Counts a breaker's events. It uses listeners of its own, as opossum does, because tools such as opossum-prometheus
 * look for the events that have a listener.
 */
export function countEvents(breaker: EventEmitter, status: Status): void {
  for (const [event, counted] of COUNTED)
    breaker.on(event, (_: unknown, ms: unknown) => status.increment(counted, Number(ms) || 0));
  breaker.on("open", () => status.open());
  breaker.on("close", () => status.close());
}
