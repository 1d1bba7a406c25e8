import { detectClient, type MemcachedClient } from "./memcached/client.js";
import type { Atomic } from "./memcached/commands.js";
import { exptime } from "./memcached/exptime.js";
import { naming } from "./memcached/name.js";
import { checkOptions, checkPrefix } from "./shared/options.js";
import type { Store, SwapResult } from "./store.js";

export type { MemcachedClient, MemjsClient } from "./memcached/client.js";
export type { NodeMemcachedClient } from "./memcached/node-memcached.js";

export interface MemcachedStoreOptions {
  /**
   * Names the fleet: circuits are shared by the processes that use the same prefix and the same servers. A
   * record is kept under `<prefix>:<key>`; where that is longer than 250 bytes, under a hash of it. Any text
   * but the empty one.
   *
   * @default "failfast"
   */
  readonly prefix?: string;
}

/** How often a write without a conflict is tried again. */
const ATTEMPTS = 4;

/**
 * A store in memcached, through a client of the package `memcached`, with `swap`, or of memjs, which has no
 * `cas`, without. Other processes learn of a change by polling, within some 1.2 s.
 *
 * memcached counts whole seconds, and a record lives up to two longer than it has to; it keeps records in
 * memory only and evicts them when that is full; it has no clock to be asked for. The client is never
 * configured or closed. A command of the package `memcached` that has no answer for a second counts as lost,
 * since that client never says so of what was under way on a connection that it closed.
 *
 * @example
 * const memcached = new Memcached("127.0.0.1:11211", { retries: 0, retry: 1_000, failures: 1e9 });
 * const salesApi = failfast("sales_api", 60, { store: memcachedStore(memcached) });
 *
 * @throws {TypeError} when the client is neither, an option is unknown, or the prefix isn't a text of at least one character.
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

/** What another client wrote, a number or an object, is given as a text too, for the replica to overwrite. */
function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "object" && !(value instanceof Uint8Array) ? JSON.stringify(value) : String(value);
}

const refusal = (name: string): Error =>
  new Error(`memcached did not store "${name}": it may be out of memory, or the value too large for it`);
