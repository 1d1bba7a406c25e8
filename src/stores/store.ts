/** What a driver implements, and what is passed to it. */
export type {
  Awaitable,
  ForeignStore,
  Store,
  StoreEntry,
  StoreListing,
  StoreWatcher,
  SwapResult,
} from "../options/store.js";
