import type { Awaitable } from "../options/store.js";
import {
  type StoreContractCase,
  type StoreContractOptions,
  type StoreHandle,
  storeContract,
} from "./index.js";

export const plainGet = "get: where nothing is stored there is null or undefined";

/** The case of the contract that has this name. */
export function caseOf(
  name: string,
  makeStore: () => Awaitable<StoreHandle>,
  options?: StoreContractOptions,
): StoreContractCase {
  const found = storeContract(makeStore, options).find((each) => each.name === name);
  if (!found) throw new Error(`There is no case "${name}".`);
  return found;
}
