import type { Store } from "../options/store.js";

/** The name of the sibling store for reports and the audit trail. */
const NAME = "fleet";

const siblings = new WeakMap<Store, Store | undefined>();

/** Where the fleet's reports are kept, separate from the records; `undefined` if the store has no such place. */
export function placeOfReports(store: Store): Store | undefined {
  if (!siblings.has(store)) siblings.set(store, siblingOf(store));
  return siblings.get(store);
}

function siblingOf(store: Store): Store | undefined {
  try {
    return store.sibling?.(NAME);
  } catch {
    // For example, the folder can't be made. The records have their own.
    return undefined;
  }
}
