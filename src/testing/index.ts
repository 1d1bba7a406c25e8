/**
 * Parts for tests of a failfast store, and of code that takes a clock.
 *
 * @module
 */
export { type ManualClock, type ManualClockOptions, manualClock } from "./manual-clock.js";
export { resetCircuits } from "./reset-circuits.js";
export { StoreContractError } from "./store-contract/error.js";
export type { StoreHandle } from "./store-contract/fixture.js";
export type { OptionalVerb } from "./store-contract/subject.js";
export { type StoreContractCase, type StoreContractOptions, storeContract } from "./store-contract.js";
