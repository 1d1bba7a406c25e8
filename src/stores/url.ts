import type { Store } from "../options/store.js";
import { environment } from "../runtime/platform.js";
import { type Address, readAddress } from "./url/address.js";
import * as clients from "./url/clients.js";
import { StoreUrlError } from "./url/errors.js";
import { keepingAlive } from "./url/keeping-alive.js";

export { MissingPackageError, StoreUrlError } from "./url/errors.js";

/** A store, and the client that was made for it. */
export interface StoreFromUrl extends Store, AsyncDisposable {
  /** Creates the table that the store needs, if it needs one. Rejects with the database's error. */
  migrate(): Promise<void>;
  /** Ends the client, within 2 s. After that the store's methods fail. Close failfast before. */
  close(): Promise<void>;
}

/** How long it waits for the first connection, and for connections to end, in ms: a server may be down or frozen. */
const WAITS = 2_000;

const KINDS: Readonly<Record<string, (address: Address) => Promise<clients.Made>>> = {
  "redis:": clients.redis,
  "rediss:": clients.redis,
  "valkey:": clients.redis,
  "valkeys:": clients.redis,
  "postgres:": clients.postgres,
  "postgresql:": clients.postgres,
  "mysql:": clients.mysql,
  "mariadb:": clients.mysql,
  "nats:": clients.nats,
  "memcached:": clients.memcached,
  "sqlite:": clients.sqlite,
  "file:": clients.file,
  "memory:": clients.memory,
};

/**
 * A store from a URL. The client is made here, from the package that you have installed:
 *
 * | URL | package |
 * |---|---|
 * | `redis://`, `rediss://`, `valkey://`, `valkeys://` | `redis`, `ioredis` or `iovalkey` |
 * | `postgres://`, `postgresql://` | `pg` or `postgres` |
 * | `mysql://`, `mariadb://` | `mysql2` |
 * | `nats://` | `@nats-io/transport-node` and `@nats-io/kv` |
 * | `memcached://` | `memcached` or `memjs` |
 * | `sqlite:path` | `better-sqlite3`, or none on Bun and on Node 22.13 or newer |
 * | `file:path`, `memory:` | none |
 *
 * `?prefix=` names the fleet, `?table=` the table, `?bucket=` the bucket of NATS; everything else in the query is
 * passed to the client. If the server is down, it waits up to 2 s; the store works when the server comes later. User
 * and password are never in an error of its own.
 *
 * @param url Default: the environment's `FAILFAST_STORE`.
 * @example
 * const store = await storeFrom("redis://127.0.0.1:6379?prefix=shop");
 * const failfast = createFailfast({ store });
 * // …
 * await failfast.close();
 * await store.close();
 *
 * @throws {StoreUrlError} no URL, or one that can't be read or has an unknown scheme.
 * @throws {MissingPackageError} if the client isn't installed; its message says what to install.
 */
export async function storeFrom(url?: string): Promise<StoreFromUrl> {
  const [given, from] =
    url === undefined ? [environment("FAILFAST_STORE"), "FAILFAST_STORE"] : [url, "the store's URL"];
  if (typeof given !== "string" || given.trim() === "")
    throw new StoreUrlError(
      url === undefined
        ? "storeFrom() was given no URL, and FAILFAST_STORE is not set: set it to redis://127.0.0.1:6379, say, or to memory:"
        : "storeFrom() takes a URL, as redis://127.0.0.1:6379 is one",
    );
  // A variable that was read from a file ends with a line break.
  const address = readAddress(given.trim(), from);
  const make = KINDS[address.scheme];
  if (make === undefined)
    throw new StoreUrlError(
      `${from} begins with "${address.scheme}", and takes ${Object.keys(KINDS).join(", ")}`,
    );
  const { store, close, connected, why } = await make(address);
  await settled(connected);

  let closed: Promise<void> | undefined;
  const end = (): Promise<void> => {
    closed ??= settled((async () => close())());
    return closed;
  };
  const kept = connected === undefined && address.host === "" ? store : keepingAlive(store, why);
  return {
    ...kept,
    migrate: async () => void (await kept.migrate?.()),
    close: end,
    [Symbol.asyncDispose]: end,
  };
}

/** Resolves when that has ended, successfully or not, or takes too long. */
function settled(what: Promise<unknown> | undefined): Promise<void> {
  if (what === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, WAITS);
    const settle = (): void => {
      clearTimeout(timer);
      resolve();
    };
    what.then(settle, settle);
  });
}
