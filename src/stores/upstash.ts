import type { Store } from "../options/store.js";
import { records } from "./redis/records.js";
import type { Scripting } from "./redis/script.js";
import { checkOptions, checkPrefix } from "./shared/options.js";

/** The part that the store uses of a client of `@upstash/redis`, or of a similar one. */
export interface UpstashClient {
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
  evalsha(sha1: string, keys: string[], args: string[]): Promise<unknown>;
}

/** The options of `upstashStore`. */
export interface UpstashStoreOptions {
  /**
   * Names the fleet: processes that use the same prefix share their circuits, including those that reach the same
   * database through `redisStore`. Any text except the empty one.
   *
   * @default "failfast"
   */
  readonly prefix?: string;
}

/**
 * A store in Redis over HTTP, for edge and serverless functions, which have no sockets. It has every method except
 * `watch`, so it is polled. It stores the same as `redisStore`, in the same form, and wakes the watchers of
 * `redisStore`.
 *
 * The client is never configured. Requests have only the client's own deadline.
 *
 * @example
 * const store = upstashStore(Redis.fromEnv());
 * const salesApi = failfast("sales_api", 60, { store });
 *
 * @throws {TypeError} the client isn't one over HTTP, an option is unknown, or the prefix isn't a text of at least one
 * character.
 */
export function upstashStore(redis: UpstashClient, options: UpstashStoreOptions = {}): Store {
  if (!isUpstash(redis)) {
    throw new TypeError(
      "upstashStore() takes a client of @upstash/redis: upstashStore(Redis.fromEnv()); " +
        "one of node-redis, ioredis or iovalkey goes to redisStore()",
    );
  }
  checkOptions("upstashStore", options, ["prefix"]);
  const prefix = checkPrefix("upstashStore", options.prefix);
  return records(redis, prefix, () => `${prefix}@0`);
}

/** Clients over TCP have these methods too, but with other arguments. */
function isUpstash(client: unknown): client is Scripting {
  if (typeof client !== "object" || client === null) return false;
  const { eval: evaluate, evalsha, call, sendCommand } = client as Record<string, unknown>;
  return [evaluate, evalsha].every((verb) => typeof verb === "function") && !call && !sendCommand;
}
