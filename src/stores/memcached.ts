import type { Store, SwapResult } from "../options/store.js";
import { detectClient, type MemcachedClient } from "./memcached/client.js";
import type { Atomic } from "./memcached/commands.js";
import { exptime } from "./memcached/exptime.js";
import { naming } from "./memcached/name.js";
import { checkOptions, checkPrefix } from "./shared/options.js";

export type { MemcachedClient, MemjsClient } from "./memcached/client.js";
export type { NodeMemcachedClient } from "./memcached/node-memcached.js";

/** The options of `memcachedStore`. */
export interface MemcachedStoreOptions {
  /**
   * Names the fleet: processes that use the same prefix and the same servers share their circuits. A record is kept
   * under `<prefix>:<key>`, or under a hash of it if that is longer than 250 bytes. Any text except the empty one.
   *
   * @default "failfast"
   */
  readonly prefix?: string;
}

/** How many times a write without a conflict is tried again. */
const ATTEMPTS = 4;

/**
 * A store in memcached. Through a client of the package `memcached` it has `swap`; through memjs, which has no `cas`,
 * it doesn't. Other processes learn of a change by polling, within some 1.2 s.
 *
 * memcached counts whole seconds, so a record lives up to two seconds longer than it has to. It keeps records only in
 * memory, and evicts them when memory is full. It has no clock that could be read. The client is never configured or
 * closed. A command of the package `memcached` without an answer for a second counts as lost, because that client never
 * reports commands of a connection that it closed.
 *
 * @example
 * const memcached = new Memcached("127.0.0.1:11211", { retries: 0, retry: 1_000, failures: 1e9 });
 * const salesApi = failfast("sales_api", 60, { store: memcachedStore(memcached) });
 *
 * @throws {TypeError} the client is neither, an option is unknown, or the prefix isn't a text of at least one
 * character.
 */
export function memcachedStore(client: MemcachedClient, options: MemcachedStoreOptions = {}): Store {
  const commands = detectClient(client);
  checkOptions("memcachedStore", options, ["prefix"]);
  const prefix = checkPrefix("memcachedStore", options.prefix);
  const nameOf = naming(prefix);
  const { atomic } = commands;
  return {
    get: async (key) => textOf(await commands.get(nameOf(key))),
    async set(key, value, ttlMs) {
      const name = nameOf(key);
      if (!(await commands.set(name, value, exptime(ttlMs, Date.now())))) throw refusal(name);
    },
    delete: (key) => commands.delete(nameOf(key)),
    ...(atomic && {
      swap: (key, expect, value, ttlMs) => swap(atomic, nameOf(key), expect, value, ttlMs),
    }),
    sibling: (name) => memcachedStore(client, { prefix: `${prefix}:@${name}` }),
  };
}

async function swap(
  { add, gets, cas }: Atomic,
  name: string,
  expect: string | null,
  value: string,
  ttlMs: number,
): Promise<SwapResult> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const expires = exptime(ttlMs, Date.now());
    if (expect === null && (await add(name, value, expires))) return { ok: true, value };
    const found = await gets(name);
    const stored = textOf(found?.value);
    if (stored !== expect) return { ok: false, value: stored };
    if (found && (await cas(name, value, found.token, expires))) return { ok: true, value };
  }
  throw refusal(name);
}

/** A value that another client wrote, a number or an object, becomes a text too, so that the replica overwrites it. */
function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "object" && !(value instanceof Uint8Array) ? JSON.stringify(value) : String(value);
}

const refusal = (name: string): Error =>
  new Error(`memcached did not store "${name}": it may be out of memory, or the value too large for it`);
