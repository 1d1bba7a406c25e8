import type { StoreEntry } from "../../options/store.js";

/** A watcher that remembers its notifications. */
export function remember() {
  const seen = {
    changes: [] as StoreEntry[],
    gaps: 0,
    change: (entry: StoreEntry): void => void seen.changes.push(entry),
    gap: (): void => void seen.gaps++,
  };
  return seen;
}
