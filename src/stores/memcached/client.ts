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
  if (has<NodeMemcachedClient>(client, ["getMulti", "gets", "set", "add", "cas", "del"])) {
    return nodeMemcached(client);
  }
  if (has<MemjsClient>(client, ["get", "set", "delete", "touch"])) return memjs(client);
  throw new TypeError(
    `memcachedStore() takes a client of memjs or of the package memcached, got ${describe(client)}; ` +
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

function has<T extends object>(client: unknown, verbs: readonly (keyof T & string)[]): client is T {
  if (typeof client !== "object" || client === null) return false;
  return verbs.every((verb) => typeof (client as Record<string, unknown>)[verb] === "function");
}

/** Describes only its kind, since an address may contain a password. */
function describe(client: unknown): string {
  if (typeof client !== "object" || client === null) return client === null ? "null" : typeof client;
  if (typeof (client as { then?: unknown }).then === "function") return "a promise (await it first)";
  return "an object that is neither";
}
