import type { Store } from "../index.js";
import { checkMethods } from "../options/check-options.js";
import { formatValue } from "../options/format-value.js";
import type { ForeignStore } from "../options/store.js";
import { systemClock } from "../runtime/system-clock.js";
import { isThenable } from "../sync/with-deadline.js";

/** One operation of a store, when it has ended. */
export interface StoreOperation {
  readonly store: string;
  readonly operation: "get" | "set" | "delete" | "swap" | "list" | "watch";
  readonly seconds: number;
  /** The name of the error's class; empty if it succeeded. */
  readonly error: string;
}

/** A store whose operations can be measured. */
export interface TimedStore extends Store {
  /** @returns a function that ends it. */
  onOperation(listener: (operation: StoreOperation) => void): () => void;
}

/**
 * Times a store's operations for `prometheusMetrics` and `openTelemetryMetrics`. Pass the timed store to
 * `createFailfast` in place of the store, and to the metrics as their option `store`. It has the same methods, and
 * answers as the store does.
 *
 * @param name the store's name in metrics.
 * @throws {TypeError} no store, or no name.
 */
export function timedStore(store: Store, name: string): TimedStore {
  checkMethods(store, ["get", "set", "delete"], "timedStore takes a store, and a name for it");
  if (typeof name !== "string")
    throw new TypeError(`timedStore takes the store's name in metrics second; this is ${formatValue(name)}`);
  const listeners = new Set<(operation: StoreOperation) => void>();
  const tell = (operation: StoreOperation["operation"], began: number, error: string): void => {
    const seconds = (systemClock.now() - began) / 1_000;
    for (const listener of listeners) listener({ store: name, operation, seconds, error });
  };
  const timed = (operation: StoreOperation["operation"], answer: () => unknown): unknown => {
    if (listeners.size === 0) return answer();
    const began = systemClock.now();
    const failed = (error: unknown): never => {
      tell(operation, began, error instanceof Error ? error.name : typeof error);
      throw error;
    };
    let answered: unknown;
    try {
      answered = answer();
    } catch (error) {
      return failed(error);
    }
    const done = (value: unknown): unknown => {
      tell(operation, began, "");
      return value;
    };
    // A store that answers without a promise still does: a sync call needs that to probe.
    return isThenable(answered) ? Promise.resolve(answered).then(done, failed) : done(answered);
  };
  const verbs: Record<string, unknown> = {};
  for (const operation of ["get", "set", "delete", "swap", "list", "watch"] as const) {
    if (store[operation] === undefined) continue;
    verbs[operation] = (...args: never[]) =>
      timed(operation, () => (store[operation] as (...args: never[]) => unknown)(...args));
  }
  const { sibling } = store;
  return {
    ...(verbs as unknown as Store),
    ...((store as Partial<ForeignStore>).foreign && { foreign: true }),
    ...(sibling && { sibling: (of) => sibling.call(store, of) }),
    onOperation(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
