import type { Store, StoreListing, SwapResult } from "../options/store.js";
import { checkOptions, checkPrefix } from "./shared/options.js";
import { safeWatcher } from "./shared/watcher.js";
import { checkNamespace, type FailfastNamespace } from "./workers/namespace.js";
import { ask, watch } from "./workers/requests.js";

export { FailfastDurableObject, type FailfastObjectState } from "./workers/durable-object.js";
export type { FailfastNamespace, FailfastResponse, FailfastStub } from "./workers/namespace.js";

/** The options of `durableObjectStore`. */
export interface DurableObjectStoreOptions {
  /**
   * Names the fleet, and the object that keeps its circuits: one for each prefix. Any text except the empty one.
   *
   * @default "failfast"
   */
  readonly prefix?: string;
  /**
   * If the caller is a Durable Object itself: its state, `this.ctx`. Changes are then pushed to it through a WebSocket,
   * for as long as it is in memory. In a worker a connection ends with its request, so a worker polls: at most once a
   * second, while a request runs.
   */
  readonly push?: { readonly storage: object };
}

/**
 * A store in a Durable Object of Cloudflare Workers, of the class `FailfastDurableObject`. It has all methods; without
 * `push`, all except `watch`. The object has a SQLite database, removes expired records by its alarm, and sleeps in
 * between.
 *
 * @example
 * import { env } from "cloudflare:workers";
 * export { FailfastDurableObject } from "failfast/workers";
 *
 * const failfast = createFailfast({ store: durableObjectStore(env.FAILFAST) });
 *
 * @throws {TypeError} anything but a namespace of Durable Objects (KV is refused, with the reason), an unknown option,
 * a prefix that isn't a text of at least one character, or a `push` that isn't a Durable Object's state.
 */
export function durableObjectStore(
  namespace: FailfastNamespace,
  options: DurableObjectStoreOptions = {},
): Store {
  checkNamespace(namespace);
  checkOptions("durableObjectStore", options, ["prefix", "push"]);
  const prefix = checkPrefix("durableObjectStore", options.prefix);
  const { push } = options;
  if (push !== undefined && typeof Object(push).storage !== "object")
    throw new TypeError(
      "the push of durableObjectStore() is the state of the Durable Object that calls, its this.ctx: in a worker connections " +
        "end with their request, and polls bring the news",
    );
  // A stub that had an error stays broken, and a stub of another request must not be used.
  const stub = () => namespace.get(namespace.idFromName(prefix));

  return {
    get: (key) => ask<string | null>(stub(), "get", key),
    set: (key, value, ttlMs) => ask<null>(stub(), "set", key, value, ttlMs),
    delete: (key) => ask<null>(stub(), "delete", key),
    swap: (key, expect, value, ttlMs) => ask<SwapResult>(stub(), "swap", key, expect, value, ttlMs),
    list: (start, since) => ask<StoreListing>(stub(), "list", start, since ?? null),
    ...(push ? { watch: (start, on) => watch(stub, safeWatcher(start, on)) } : {}),
    sibling: (name) => durableObjectStore(namespace, { ...options, prefix: `${prefix}:@${name}` }),
  };
}
