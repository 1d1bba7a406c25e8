import { records } from "./redis/records.js";
import type { Scripting } from "./redis/script.js";
import { checkOptions, checkPrefix } from "./shared/options.js";
import type { Store } from "./store.js";

/** What the store uses of a client of `@upstash/redis`, or of one that is like it. */
export interface UpstashClient {
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
  evalsha(sha1: string, keys: string[], args: string[]): Promise<unknown>;
}

export interface UpstashStoreOptions {
  /**
   * Names the fleet: circuits are shared by the processes that use the same prefix, and those that reach the
   * same database by `redisStore` are among them. Any text but the empty one.
   *
   * @default "failfast"
   */
  readonly prefix?: string;
}

/**
 * A store in Redis over HTTP, for edge and serverless functions, which have no sockets: every verb but
 * `watch`, so that it is polled. It keeps what `redisStore` keeps, in the same way, and tells its watchers.
 *
 * The client is never configured; requests have no deadline but the client's own.
 *
 * @example
 * const store = upstashStore(Redis.fromEnv());
 * const salesApi = failfast("sales_api", 60, { store });
 *
 * @throws {TypeError} when the client isn't one over HTTP, an option is unknown, or the prefix isn't a text of at least one character.
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

/** Clients over TCP have these verbs too, but take their arguments in another way. */
function isUpstash(client: unknown): client is Scripting {
  if (typeof client !== "object" || client === null) return false;
  const { eval: evaluate, evalsha, call, sendCommand } = client as Record<string, unknown>;
  return [evaluate, evalsha].every((verb) => typeof verb === "function") && !call && !sendCommand;
}
