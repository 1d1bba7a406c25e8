/** What a driver implements, and what it is given. */
export type {
  Awaitable,
  ForeignStore,
  Store,
  StoreEntry,
  StoreListing,
  StoreWatcher,
  SwapResult,
} from "../options/store.js";
