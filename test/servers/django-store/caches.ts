import { join } from "node:path";
import Database from "better-sqlite3";
import Memcached from "memcached";
import { Client } from "memjs";
import { createPool } from "mysql2/promise";
import { Pool } from "pg";
import postgresJs from "postgres";
import { createClient } from "redis";
import type { Store } from "../../../src/options/store.js";
import type { DjangoCache } from "../../../src/stores/django.js";
import { djangoDatabase, djangoMemcached, djangoRedis } from "../../../src/stores/django.js";
import { memcachedStore } from "../../../src/stores/memcached.js";
import { mysqlStore } from "../../../src/stores/mysql.js";
import { postgresStore } from "../../../src/stores/postgres.js";
import { redisStore } from "../../../src/stores/redis.js";
import { sqliteStore } from "../../../src/stores/sqlite.js";
import { settings as asDocumented, raw, startMemcached } from "../memcached-store/start-memcached.js";
import { mariadbd, startMariadb } from "../mysql-store/start-mariadb.js";
import { postgres, startPostgres } from "../postgres-store/start-postgres.js";
import { ignore, ioredis } from "../redis-store/clients.js";
import { requireProgram } from "../require.js";
import { type ServerProcess, startServer } from "../server-process.js";
import { startRedis } from "../start-redis.js";
import { type DjangoSettings, djangoWith } from "./start-python.js";

/** One process's access to a cache: a client of its own. */
export interface Reached {
  readonly cache: DjangoCache;
  /** Records in the same server, under keys that Python never reads. */
  readonly records: Store;
  /** The bytes under a key of Django's, in latin-1; `null` where there are none. */
  bytes(key: string): Promise<string | null>;
  /** Writes bytes for some seconds, as another program might. */
  put(key: string, bytes: string, seconds: number): Promise<unknown>;
  close(): Promise<unknown> | unknown;
}

/** A server with a Django cache in it. */
export interface CacheServer {
  readonly settings: DjangoSettings;
  reach(): Promise<Reached>;
  readonly server: Pick<ServerProcess, "pause" | "resume"> & { restart?(downMs?: number): Promise<void> };
  stop(): Promise<void>;
}

/** One of Django's caches, through one of our clients. */
export interface Combination {
  readonly name: string;
  /** The Django that has this cache; `undefined` if none is installed. */
  readonly django: { readonly newer: boolean } | undefined;
  /** Not everything is tested on all of them, except that Node and Python understand each other. */
  readonly whole: boolean;
  /** Whether the cache reports for how long Python's marker will live. */
  readonly tellsTime: boolean;
  start(): Promise<CacheServer>;
}

const redisServer = requireProgram("redis-server");
const memcached = requireProgram("memcached");

const cacheOf = (BACKEND: string, LOCATION: string, OPTIONS: object = {}): DjangoSettings => ({
  CACHES: { default: { BACKEND, LOCATION, OPTIONS } },
  USE_TZ: true,
});

function inRedis(
  name: string,
  modules: readonly string[],
  backend: string,
  options: object,
  library: "node-redis" | "ioredis",
): Combination {
  return {
    name: `${name}, with ${library}`,
    django: redisServer === undefined ? undefined : djangoWith("redis", ...modules),
    whole: name === "RedisCache",
    tellsTime: true,
    async start() {
      const server = await startRedis(redisServer);
      const url = `${server.url}/1`;
      return {
        settings: cacheOf(backend, url, options),
        async reach() {
          const admin = createClient({ url }).on("error", ignore);
          const client =
            library === "ioredis"
              ? await ioredis.open(url)
              : { client: await createClient({ url }).on("error", ignore).connect(), close: ignore };
          await admin.connect();
          return {
            cache: djangoRedis(client.client),
            records: redisStore(client.client),
            async bytes(key) {
              const hex = await admin.eval(
                "local v = redis.call('GET', KEYS[1]); return v and (v:gsub('.', function(c) return string.format('%02x', c:byte()) end))",
                { keys: [key] },
              );
              return hex === null ? null : Buffer.from(String(hex), "hex").toString("latin1");
            },
            put: (key, bytes, seconds) => admin.set(key, Buffer.from(bytes, "latin1"), { EX: seconds }),
            close() {
              admin.destroy();
              client.close();
              if (library === "node-redis") (client.client as { destroy?(): void }).destroy?.();
            },
          };
        },
        server,
        stop: server.stop,
      };
    },
  };
}

function inMemcached(name: string, module: string, library: "memcached" | "memjs"): Combination {
  return {
    name: `${name}, with ${library}`,
    django: memcached === undefined ? undefined : djangoWith(module),
    whole: name === "PyMemcacheCache" && library === "memcached",
    tellsTime: false,
    async start() {
      const server = await startMemcached(memcached);
      const at = `127.0.0.1:${server.port}`;
      return {
        settings: cacheOf(`django.core.cache.backends.memcached.${name}`, at),
        async reach() {
          const client =
            library === "memcached"
              ? new Memcached(at, asDocumented)
              : Client.create(at, { retries: 1, logger: { log() {} } });
          return {
            cache: djangoMemcached(client),
            records: memcachedStore(client),
            async bytes(key) {
              const answer = await raw(server.port, `get ${key}`);
              return /^VALUE \S+ (\d+) \d+\r\n([\s\S]*)\r\nEND$/.exec(answer)?.[2] ?? null;
            },
            put: (key, bytes, seconds) =>
              raw(server.port, `set ${key} 0 ${seconds} ${bytes.length}\r\n${bytes}`),
            close: () => (client instanceof Memcached ? client.end() : client.close()),
          };
        },
        server,
        stop: server.stop,
      };
    },
  };
}

const TABLE = "the_cache";
const DATABASE = "django.core.cache.backends.db.DatabaseCache";

function inPostgres(
  zone: { USE_TZ: boolean; TIME_ZONE: string },
  library: "pg" | "postgres.js",
): Combination {
  return {
    name: `DatabaseCache on PostgreSQL, ${zone.USE_TZ ? "" : "without USE_TZ, "}with ${library}`,
    django: postgres === undefined ? undefined : djangoWith("psycopg2"),
    whole: zone.USE_TZ,
    tellsTime: true,
    async start() {
      const server = await startPostgres();
      const ENGINE = "django.db.backends.postgresql";
      const login = { NAME: "postgres", USER: "postgres", HOST: "127.0.0.1", PORT: server.port };
      const admin = new Pool({ connectionString: server.url });
      admin.on("error", ignore);
      await postgresStore(admin).migrate();
      return {
        settings: { ...cacheOf(DATABASE, TABLE), DATABASES: { default: { ENGINE, ...login } }, ...zone },
        async reach() {
          const pool = new Pool({ connectionString: server.url, connectionTimeoutMillis: 1_000 });
          pool.on("error", ignore);
          const sql = library === "pg" ? undefined : postgresJs(server.url, { onnotice: ignore });
          return {
            cache: djangoDatabase(sql ?? pool, { table: TABLE }),
            records: postgresStore(sql ?? pool),
            bytes: async (key) =>
              (await pool.query(`SELECT value FROM ${TABLE} WHERE cache_key = $1`, [key])).rows[0]?.value ??
              null,
            put: (key, bytes, seconds) =>
              pool.query(`INSERT INTO ${TABLE} VALUES ($1, $2, now() + $3 * interval '1 second')`, [
                key,
                bytes,
                seconds,
              ]),
            close: () => Promise.all([pool.end(), sql?.end({ timeout: 1 })]),
          };
        },
        server,
        async stop() {
          await admin.end();
          await server.stop();
        },
      };
    },
  };
}

const inSqlite: Combination = {
  name: "DatabaseCache on SQLite, with better-sqlite3",
  django: djangoWith("sqlite3"),
  whole: false,
  tellsTime: true,
  async start() {
    // No server: a folder of its own, and nothing that can fail.
    const server = await startServer({ command: () => ["sleep", "100000"], answers: async () => true });
    const file = join(server.folder, "db.sqlite3");
    return {
      settings: {
        ...cacheOf(DATABASE, TABLE),
        DATABASES: { default: { ENGINE: "django.db.backends.sqlite3", NAME: file } },
      },
      async reach() {
        const database = new Database(file);
        const records = sqliteStore(database);
        records.migrate();
        return {
          cache: djangoDatabase(database, { table: TABLE }),
          records,
          bytes: async (key) =>
            (
              database.prepare(`SELECT value FROM ${TABLE} WHERE cache_key = ?`).get(key) as
                | { value: string }
                | undefined
            )?.value ?? null,
          put: async (key, bytes, seconds) =>
            database
              .prepare(`INSERT INTO ${TABLE} VALUES (?, ?, datetime('now', '+' || ? || ' seconds'))`)
              .run(key, bytes, seconds),
          close: () => database.close(),
        };
      },
      server,
      stop: server.stop,
    };
  },
};

const inMariadb: Combination = {
  name: "DatabaseCache on MariaDB, with mysql2",
  django: mariadbd === undefined ? undefined : djangoWith("MySQLdb"),
  whole: false,
  tellsTime: true,
  async start() {
    const server = await startMariadb();
    const ENGINE = "django.db.backends.mysql";
    const login = { NAME: "shop", USER: "root", HOST: "127.0.0.1", PORT: server.port };
    const admin = createPool(server.url);
    await mysqlStore(admin).migrate();
    await admin.end();
    return {
      settings: { ...cacheOf(DATABASE, TABLE), DATABASES: { default: { ENGINE, ...login } } },
      async reach() {
        const pool = createPool(server.url);
        const rows = async (text: string, params: string[]) =>
          (await pool.execute(text, params))[0] as { value: string }[];
        return {
          cache: djangoDatabase(pool, { table: TABLE }),
          records: mysqlStore(pool),
          bytes: async (key) =>
            (await rows(`SELECT value FROM ${TABLE} WHERE cache_key = ?`, [key]))[0]?.value ?? null,
          put: (key, bytes, seconds) =>
            pool.execute(`INSERT INTO ${TABLE} VALUES (?, ?, UTC_TIMESTAMP() + INTERVAL ? SECOND)`, [
              key,
              bytes,
              seconds,
            ]),
          close: () => pool.end(),
        };
      },
      server,
      stop: server.stop,
    };
  },
};

const DJANGO_REDIS = "django_redis.cache.RedisCache";
const serializer = (kind: string): object => ({ SERIALIZER: `django_redis.serializers.${kind}` });

export const combinations: readonly Combination[] = [
  inRedis(
    "RedisCache",
    ["django.core.cache.backends.redis"],
    "django.core.cache.backends.redis.RedisCache",
    {},
    "node-redis",
  ),
  inRedis("django-redis", ["django_redis"], DJANGO_REDIS, {}, "ioredis"),
  inRedis(
    "django-redis in JSON",
    ["django_redis"],
    DJANGO_REDIS,
    serializer("json.JSONSerializer"),
    "node-redis",
  ),
  inRedis(
    "django-redis with zlib",
    ["django_redis"],
    DJANGO_REDIS,
    { COMPRESSOR: "django_redis.compressors.zlib.ZlibCompressor" },
    "node-redis",
  ),
  inMemcached("PyMemcacheCache", "pymemcache", "memcached"),
  inMemcached("PyMemcacheCache", "pymemcache", "memjs"),
  inMemcached("PyLibMCCache", "pylibmc", "memcached"),
  inPostgres({ USE_TZ: true, TIME_ZONE: "UTC" }, "pg"),
  inPostgres({ USE_TZ: false, TIME_ZONE: "Europe/Madrid" }, "postgres.js"),
  inSqlite,
  inMariadb,
];
