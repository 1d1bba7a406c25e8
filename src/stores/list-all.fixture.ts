import type { Store, StoreEntry } from "../options/store.js";

/** Every entry of a list, in whichever form the store answers. */
export async function listAll(store: Store, prefix = ""): Promise<StoreEntry[]> {
  const answer = (await store.list?.(prefix)) ?? [];
  return [...(Symbol.iterator in answer ? answer : answer.entries)];
}
