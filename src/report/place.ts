import type { Store } from "../options/store.js";

/** What the store's sibling for reports and the audit trail is called. */
const NAME = "fleet";

const siblings = new WeakMap<Store, Store | undefined>();

/** Where what the fleet knows of itself is kept: apart from the records. `undefined` where the store has no such place. */
export function placeOfReports(store: Store): Store | undefined {
  if (!siblings.has(store)) siblings.set(store, siblingOf(store));
  return siblings.get(store);
}

function siblingOf(store: Store): Store | undefined {
  try {
    return store.sibling?.(NAME);
  } catch {
    // A folder, say, that can't be made: the records have theirs.
    return undefined;
  }
}
