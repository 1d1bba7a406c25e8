import { createFailfast, type Failfast } from "../api/failfast.js";
import type { Store } from "../options/store.js";
import type { BreakerOptions } from "./options.js";

const byStore = new WeakMap<Store, Failfast>();

/** The `failfast` that a breaker's circuit is one of. `shared`: others may have a circuit of that name in it. */
export interface Home {
  readonly failfast: Failfast;
  readonly shared: boolean;
}

/** Breakers with one store have one `failfast`; those with none are apart, as opossum's are. */
export function homeOf(options: Pick<BreakerOptions, "store" | "failfast">): Home {
  const { store } = options;
  if (options.failfast !== undefined) return { failfast: options.failfast, shared: true };
  if (store === undefined) return { failfast: createFailfast({ report: false }), shared: false };
  const failfast = byStore.get(store) ?? createFailfast({ store });
  byStore.set(store, failfast);
  return { failfast, shared: true };
}
