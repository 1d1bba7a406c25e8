import { createFailfast, type Failfast } from "./surface/failfast.js";

/** The shared `failfast`: a circuit breaker as one decorator. `createFailfast` makes independent ones. */
export const failfast: Failfast = createFailfast();

export type { Receipt } from "./breaker/operator.js";
export { firstAvailable } from "./call/first-available.js";
export type { Readable } from "./call/stream.js";
export type { Clock } from "./clock.js";
export type { CircuitState } from "./machine/record.js";
export { StoreAnswerError, StoreTimeoutError } from "./replica/within.js";
export { memoryStore } from "./stores/memory.js";
export type { Awaitable, Store, StoreEntry, StoreWatcher, SwapResult } from "./stores/store.js";
export type { Circuit, Guards, Signal, Snapshot } from "./surface/circuit.js";
export type { Circuits } from "./surface/circuits.js";
export type { Duration } from "./surface/duration.js";
export type { FailfastEventName, FailfastEvents, FailfastListener, Subscription } from "./surface/events.js";
export { FailfastError, type FailfastErrorFields, isFailfastError } from "./surface/failfast-error.js";
export type { Finding } from "./surface/lint.js";
export type {
  Backoff,
  CircuitOptions,
  ErrorClass,
  Exceptions,
  FailfastDefaults,
  FailfastOptions,
  HandleOptions,
  RetryAfterLimits,
} from "./surface/options.js";
export { TimeoutError } from "./surface/timeout-error.js";
export type { Failfast };
export { createFailfast };
