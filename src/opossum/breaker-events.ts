/** The events of a breaker, by name, with the listeners' arguments. */
export type BreakerEvents<TI extends unknown[] = unknown[], TR = unknown> = {
  fire: [args: TI];
  success: [result: TR, latencyMs: number];
  failure: [error: Error, latencyMs: number, args: TI];
  timeout: [error: Error, latencyMs: number, args: TI];
  reject: [error: Error];
  fallback: [result: unknown, error: Error];
  open: [];
  halfOpen: [resetTimeout: number];
  close: [];
  semaphoreLocked: [error: Error, latencyMs: number];
  healthCheckFailed: [error: Error];
  shutdown: [];
  cacheHit: [];
  cacheMiss: [];
  coalesceCacheHit: [];
  coalesceCacheMiss: [];
};
