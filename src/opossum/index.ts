export type { BreakerEvents } from "./breaker-events.js";
export type { CacheTransport } from "./cache.js";
export { CircuitBreaker as default } from "./circuit-breaker.js";
export type { BreakerOptions, BreakerState, CoalesceReset } from "./options.js";
export type { Bucket, Stats, Status, StatusOptions } from "./status.js";
