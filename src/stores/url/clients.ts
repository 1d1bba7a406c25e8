import type { Store } from "../../options/store.js";
import type { MemcachedClient } from "../memcached.js";
import { memoryStore } from "../memory.js";
import type { MysqlPool } from "../mysql.js";
import type { NatsKv } from "../nats.js";
import type { PostgresClient } from "../postgres.js";
import type { RedisClient } from "../redis.js";
import type { SqliteDatabase } from "../sqlite.js";
import type { Address } from "./address.js";
import { IOREDIS_OPTIONS, LIBPQ_OPTIONS, MYSQL2_OPTIONS } from "./client-options.js";
import { MissingPackageError, withoutSecrets } from "./errors.js";
import { firstOf, load } from "./packages.js";

/** A store, and the client that was made for it. */
export interface Made {
  readonly store: Store & { migrate?(): unknown };
  close(): unknown;
  /** Settles when the client is connected. If the server isn't there, it stays pending. */
  readonly connected?: Promise<unknown>;
  /** Why the client is not connected, if it reports that separately. */
  why?(): Error | undefined;
}

/** How long it may take to make a connection, in ms. */
const CONNECTS_WITHIN = 2_000;
/** The size of a pool: a store runs a poll and a write, and hardly ever more. */
const CONNECTIONS = 3;
const nothing = (): void => undefined;

/** The result of a client's class or function. Only its package knows the type. */
// biome-ignore lint/suspicious/noExplicitAny: each maker below says what it uses of it.
type Maker = any;

export async function redis({ scheme, href, user, password, options, checkQuery }: Address): Promise<Made> {
  const { redisStore } = await import("../redis.js");
  const [name, exported] = await firstOf(scheme, ["redis", "ioredis", "iovalkey"]);
  // node-redis ignores the query of a URL.
  checkQuery(["prefix"], name === "redis" ? [] : IOREDIS_OPTIONS);
  const url = href.replace(/^valkey/, "redis");
  let last: Error | undefined;
  const keep = (error: unknown): void => {
    last = withoutSecrets(error, [password, user]);
  };
  const forget = (): void => {
    last = undefined;
  };
  const why = (): Error | undefined => last;
  if (name === "redis") {
    const client = (exported["createClient"] as Maker)({
      url,
      socket: {
        connectTimeout: CONNECTS_WITHIN,
        reconnectStrategy: (tries: number) => Math.min(2_000, 50 * 2 ** tries) * (0.5 + Math.random() / 2),
      },
    });
    client.on("error", keep);
    client.on("ready", forget);
    client.on("ready", () => client.unref());
    const connected: Promise<unknown> = client.connect();
    connected.catch(nothing);
    return {
      store: redisStore(client as RedisClient, options),
      close: () => client.destroy(),
      connected,
      why,
    };
  }
  const client = new (exported["default"] as Maker)(url, { connectTimeout: CONNECTS_WITHIN });
  client.on("error", keep);
  client.on("ready", forget);
  client.on("connect", () => client.stream.unref?.());
  const connected = new Promise((resolve) => client.once("ready", resolve));
  return {
    store: redisStore(client as RedisClient, options),
    close: () => client.disconnect(),
    connected,
    why,
  };
}

export async function postgres({ scheme, href, options, checkQuery }: Address): Promise<Made> {
  checkQuery(["prefix", "table"], LIBPQ_OPTIONS);
  const { postgresStore } = await import("../postgres.js");
  const [name, exported] = await firstOf(scheme, ["pg", "postgres"]);
  if (name === "pg") {
    const pool = new (exported["Pool"] as Maker)({
      connectionString: href,
      connectionTimeoutMillis: CONNECTS_WITHIN,
      max: CONNECTIONS,
      keepAlive: true,
      allowExitOnIdle: true,
    });
    pool.on("error", nothing);
    pool.on("acquire", (client: Maker) => client.unref());
    return { store: postgresStore(pool as PostgresClient, options), close: () => pool.end() };
  }
  const sql = (exported["default"] as Maker)(href, {
    max: CONNECTIONS,
    connect_timeout: CONNECTS_WITHIN / 1_000,
    onnotice: nothing,
  });
  return { store: postgresStore(sql as PostgresClient, options), close: () => sql.end({ timeout: 1 }) };
}

export async function mysql({ scheme, href, options, checkQuery }: Address): Promise<Made> {
  checkQuery(["prefix", "table"], MYSQL2_OPTIONS);
  const { mysqlStore } = await import("../mysql.js");
  const [, exported] = await firstOf(scheme, ["mysql2"]);
  const pool = (exported["createPool"] as Maker)({
    uri: href.replace(/^mariadb:/, "mysql:"),
    connectTimeout: CONNECTS_WITHIN,
    connectionLimit: CONNECTIONS,
  });
  pool.on("connection", (connection: Maker) => connection.stream.unref());
  return { store: mysqlStore(pool as MysqlPool, options), close: () => pool.promise().end() };
}

export async function memcached(address: Address): Promise<Made> {
  const { scheme, host, port, user, password, options } = address;
  address.checkQuery(["prefix"]);
  const { memcachedStore } = await import("../memcached.js");
  const server = `${host}:${port || "11211"}`;
  // Only memjs can log in, and only memcached can compare and swap.
  const [name, exported] = await firstOf(scheme, user === undefined ? ["memcached", "memjs"] : ["memjs"]);
  if (name === "memcached") {
    const client = new (exported["default"] as Maker)(server, {
      timeout: CONNECTS_WITHIN,
      retries: 0,
      retry: 1_000,
      failures: 1e9,
    });
    client.on("issue", nothing);
    return { store: memcachedStore(client as MemcachedClient, options), close: () => client.end() };
  }
  const settings = { username: user, password, retries: 1, logger: { log: nothing } };
  const client = (exported["Client"] as Maker).create(server, settings);
  return { store: memcachedStore(client as MemcachedClient, options), close: () => client.close() };
}

export async function nats(address: Address): Promise<Made> {
  const { scheme, host, port, user, password, options } = address;
  address.checkQuery(["prefix", "bucket"]);
  const { natsStore } = await import("../nats.js");
  const [, exported] = await firstOf(scheme, ["@nats-io/transport-node @nats-io/kv"]);
  const { connect, Kvm } = exported as Record<string, Maker>;
  const { bucket = "failfast", ...rest } = options;
  let over = false;
  let live: Maker;
  /** Connects, and opens or creates the bucket. If that fails, the next method tries again. */
  const openStore = async (): Promise<Store> => {
    live ??= await connect({
      servers: `${host}:${port || "4222"}`,
      // A user without a password is a token, as in the servers' own URLs.
      ...(user !== undefined && password === undefined ? { token: user } : { user, pass: password }),
      maxReconnectAttempts: -1,
      reconnectTimeWait: 1_000,
      pingInterval: 5_000,
      timeout: CONNECTS_WITHIN,
    });
    if (over) await live.close();
    const kv: NatsKv = await new Kvm(live).create(bucket, { history: 1, allow_direct: false });
    return natsStore(kv, rest);
  };
  let opening: Promise<Store> | undefined;
  const opened = (): Promise<Store> => {
    opening ??= openStore();
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  };
  const verb = <Verb extends keyof Store>(name: Verb) =>
    (async (...args: never[]) =>
      ((await opened())[name] as (...given: never[]) => unknown)(...args)) as never;
  const store: Store = {
    get: verb("get"),
    set: verb("set"),
    delete: verb("delete"),
    swap: verb("swap"),
    list: verb("list"),
    watch: verb("watch"),
    sibling(name) {
      const of = <Verb extends "get" | "set" | "delete" | "swap">(each: Verb) =>
        (async (...args: never[]) => {
          const { sibling = () => store } = await opened();
          return (sibling(name)[each] as (...given: never[]) => unknown)(...args);
        }) as never;
      return { get: of("get"), set: of("set"), delete: of("delete"), swap: of("swap") };
    },
  };
  const close = (): unknown => {
    over = true;
    return live?.close();
  };
  return { store, close, connected: opened() };
}

export async function sqlite({ path, options, checkQuery }: Address): Promise<Made> {
  checkQuery(["prefix", "table"]);
  const { sqliteStore } = await import("../sqlite.js");
  const Database = await sqliteOf();
  const database = new Database(path || "failfast.db");
  const store = sqliteStore(database as SqliteDatabase, options);
  // The file belongs to this store, so it gets suitable settings; a locked or read-only file stays as it is.
  for (const pragma of ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"])
    attempt(() => database.exec(pragma));
  attempt(() => store.migrate());
  return { store, close: () => database.close() };
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // The store's methods will report it.
  }
}

/** The runtime's own, if it has one and nothing was installed for it. */
async function sqliteOf(): Promise<Maker> {
  if ("Bun" in globalThis) return (await load("bun:sqlite"))?.["Database"];
  const installed = await load("better-sqlite3");
  const own = installed === undefined ? await load("node:sqlite").catch(nothing) : undefined;
  const found = installed?.["default"] ?? own?.["DatabaseSync"];
  if (found === undefined) throw new MissingPackageError("sqlite:", ["better-sqlite3"]);
  return found;
}

export async function file({ path, options, checkQuery }: Address): Promise<Made> {
  checkQuery(["prefix"]);
  const { fileStore } = await import("../file.js");
  return { store: fileStore(path === "" ? undefined : path, options), close: nothing };
}

export async function memory({ checkQuery }: Address): Promise<Made> {
  checkQuery([]);
  return { store: memoryStore(), close: nothing };
}
