import { describeClient, hasMethods } from "../shared/given-client.js";
import type { Commands } from "./commands.js";
import { type NodeMemcachedClient, nodeMemcached } from "./node-memcached.js";

/** The part of a memjs client that is used. */
export interface MemjsClient {
  get(key: string): Promise<{ readonly value: unknown }>;
  set(key: string, value: string, options: { expires: number }): Promise<boolean>;
  delete(key: string): Promise<unknown>;
  /** Not called. Other objects with the other three methods, such as a `Map`, don't have it. */
  touch: unknown;
}

/** A client of memjs, or of the package `memcached`. */
export type MemcachedClient = MemjsClient | NodeMemcachedClient;

/** Recognises the library by the client's methods; throws a `TypeError` for anything else. */
export function detectClient(client: unknown): Commands {
  if (hasMethods<NodeMemcachedClient>(client, ["getMulti", "gets", "set", "add", "cas", "del"])) {
    return nodeMemcached(client);
  }
  if (hasMethods<MemjsClient>(client, ["get", "set", "delete", "touch"])) return memjs(client);
  throw new TypeError(
    `memcachedStore() takes a client of memjs or of the package memcached, got ${describeClient(client, () => "an object that is neither")}; ` +
      "pass memcachedStore(new Memcached(server)) or memcachedStore(Client.create(server))",
  );
}

function memjs(client: MemjsClient): Commands {
  return {
    get: async (name) => (await client.get(name)).value,
    set: (name, value, exptime) => client.set(name, value, { expires: exptime }),
    delete: (name) => client.delete(name),
  };
}
