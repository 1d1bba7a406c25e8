import { createFailfast, type Failfast } from "../api/failfast.js";
import type { Store } from "../options/store.js";
import type { BreakerOptions } from "./options.js";

const byStore = new WeakMap<Store, Failfast>();

/**
 * The `failfast` that makes a breaker's circuit. `shared`: others may have a circuit of that name in it. Breakers with
 * the same store use one `failfast`. Breakers without a store are separate, as in opossum.
 */
export function failfastFor(options: Pick<BreakerOptions, "store" | "failfast">): {
  readonly failfast: Failfast;
  readonly shared: boolean;
} {
  const { store } = options;
  if (options.failfast !== undefined) return { failfast: options.failfast, shared: true };
  if (store === undefined) return { failfast: createFailfast({ report: false }), shared: false };
  const failfast = byStore.get(store) ?? createFailfast({ store });
  byStore.set(store, failfast);
  return { failfast, shared: true };
}
