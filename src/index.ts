import { createFailfast, type Failfast } from "./api/failfast.js";
import { sharedFailfast } from "./api/shared.js";

/**
 * The shared `failfast`: a circuit breaker as one decorator. It is the same however often a process loads this version
 * of the package. `createFailfast` makes independent ones.
 */
export const failfast: Failfast = /* @__PURE__ */ sharedFailfast();

export type { Circuit } from "./api/circuit.js";
export type { CircuitDecorator } from "./api/circuit-decorator.js";
export type { Circuits } from "./api/circuits.js";
export { type FirstAvailableOptions, firstAvailable } from "./api/first-available.js";
export type { LintFinding } from "./api/lint.js";
export type { Snapshot } from "./api/snapshot.js";
export type { OperatorResult } from "./breaker/operator.js";
export type { StreamSource } from "./call/stream-source.js";
export { FailfastError, type FailfastErrorFields, isFailfastError } from "./errors/failfast-error.js";
export { StoreAnswerError, StoreTimeoutError } from "./errors/store-errors.js";
export { TimeoutError } from "./errors/timeout-error.js";
export type { CircuitState } from "./events/circuit-state.js";
export type {
  FailfastEventName,
  FailfastEvents,
  FailfastListener,
  Subscription,
} from "./events/event-types.js";
export type { Duration } from "./options/duration.js";
export type {
  Backoff,
  CircuitOptions,
  CircuitUpdate,
  ErrorClass,
  Exceptions,
  FailfastDefaults,
  FailfastOptions,
  HandleOptions,
  RecoveryCheck,
  RetryAfterLimits,
} from "./options/options.js";
export type { Signal } from "./options/signal.js";
export type {
  Awaitable,
  Store,
  StoreEntry,
  StoreListing,
  StoreWatcher,
  SwapResult,
} from "./options/store.js";
export type { FleetCircuit } from "./report/fleet-circuits.js";
export type { Clock } from "./runtime/clock.js";
export { memoryStore } from "./stores/memory.js";
export type { Failfast };
export { createFailfast };
