import type { Store, StoreEntry } from "./store.js";

/** Every entry that a list gives, in whichever form it answers. */
export async function listAll(store: Store, prefix = ""): Promise<StoreEntry[]> {
  const answer = (await store.list?.(prefix)) ?? [];
  return [...(Symbol.iterator in answer ? answer : answer.entries)];
}
