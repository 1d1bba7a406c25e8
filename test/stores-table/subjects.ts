import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OptionalVerb } from "../../src/testing/index.js";
import { startDynalite, TABLE } from "../servers/dynamodb-store/start-dynalite.js";
import { startMemcached } from "../servers/memcached-store/start-memcached.js";
import { startMariadb } from "../servers/mysql-store/start-mariadb.js";
import { startNats } from "../servers/nats-store/start-nats.js";
import { startPostgres } from "../servers/postgres-store/start-postgres.js";
import { startRedis } from "../servers/start-redis.js";
import { startFront } from "../servers/upstash-store/start-front.js";

/** How a process reaches a store: what `open.mjs` takes, without the prefix. */
export interface Place {
  readonly kind: "url" | "upstash" | "dynamodb" | "django" | "cache";
  readonly where: unknown;
}

/** A row of the table. */
export interface Subject {
  readonly store: string;
  /** What it was measured on. */
  readonly on: string;
  readonly verbs: readonly OptionalVerb[];
  /** In ms, unless it is a clock. */
  readonly ttlResolutionMs?: number;
  /** Cases that this server can't pass, and the real one would. */
  readonly except?: readonly string[];
  start(): Promise<Started>;
}

export interface Started {
  readonly place: Place;
  /** Ends the server and starts it again, if there is one. */
  restart?(): Promise<unknown>;
  stop(): Promise<unknown>;
}

const url = (where: string): Place => ({ kind: "url", where });

/** Writes its data to disk, as a server that has to keep it is configured. */
const redisOnDisk = () => startRedis("redis-server", ["--appendonly", "yes", "--appendfsync", "always"]);

function onRedis(kind: Place["kind"]): () => Promise<Started> {
  return async () => {
    const server = await redisOnDisk();
    const place = { kind, where: server.url };
    return { place, restart: () => server.restart(), stop: () => server.stop() };
  };
}

function inFolder(scheme: string, file: string): () => Promise<Started> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "failfast-table-"));
    return {
      place: url(`${scheme}:${join(folder, file)}`),
      stop: async () => rmSync(folder, { recursive: true, force: true }),
    };
  };
}

export const subjects: readonly Subject[] = [
  {
    store: "memoryStore",
    on: "this process",
    verbs: ["swap", "list", "watch"],
    start: async () => ({ place: url("memory:"), stop: async () => undefined }),
  },
  {
    store: "fileStore",
    on: "a folder in /tmp",
    verbs: ["swap", "list", "watch"],
    start: inFolder("file", "circuits"),
  },
  {
    store: "sqliteStore",
    on: "better-sqlite3, WAL",
    verbs: ["swap", "list"],
    start: inFolder("sqlite", "circuits.db"),
  },
  {
    store: "redisStore",
    on: "Redis 7, node-redis, `appendonly yes`",
    verbs: ["swap", "list", "watch"],
    start: onRedis("url"),
  },
  {
    store: "upstashStore",
    on: "an HTTP front before Redis 7",
    verbs: ["swap", "list"],
    async start() {
      const server = await redisOnDisk();
      const front = await startFront(server.url);
      return {
        place: { kind: "upstash", where: { url: front.url, token: front.token } },
        restart: () => server.restart(),
        stop: async () => {
          await front.close();
          await server.stop();
        },
      };
    },
  },
  {
    store: "postgresStore",
    on: "PostgreSQL 15, pg",
    verbs: ["swap", "list", "watch"],
    async start() {
      const server = await startPostgres();
      return { place: url(server.url), restart: () => server.restart(), stop: server.stop };
    },
  },
  {
    store: "mysqlStore",
    on: "MariaDB 10.11, mysql2",
    verbs: ["swap", "list"],
    async start() {
      // Unlike in the other tests: a commit is on disk.
      const server = await startMariadb("--innodb-flush-log-at-trx-commit=1");
      return { place: url(server.url), restart: () => server.restart(), stop: server.stop };
    },
  },
  {
    store: "natsStore",
    on: "nats-server 2, one node",
    verbs: ["swap", "list", "watch"],
    async start() {
      const server = await startNats();
      const place = url(`nats://127.0.0.1:${server.port}`);
      return { place, restart: () => server.restart(), stop: () => server.stop() };
    },
  },
  {
    store: "memcachedStore",
    on: "memcached 1.6, the package memcached",
    verbs: ["swap"],
    ttlResolutionMs: 1_000,
    async start() {
      const server = await startMemcached();
      const place = url(`memcached://127.0.0.1:${server.port}`);
      return { place, restart: () => server.restart(), stop: () => server.stop() };
    },
  },
  {
    store: "dynamodbStore",
    on: "dynalite, an emulator, which takes an empty text for none",
    verbs: ["swap"],
    except: ["swap: the empty string is something"],
    async start() {
      const server = await startDynalite();
      const where = { endpoint: `http://127.0.0.1:${server.port}`, table: TABLE };
      return {
        place: { kind: "dynamodb", where },
        restart: () => server.restart(),
        stop: () => server.stop(),
      };
    },
  },
  { store: "cacheStore", on: "get, set, delete over Redis 7", verbs: [], start: onRedis("cache") },
  {
    store: "djangoCacheStore",
    on: "Django's keys and redisStore's records in Redis 7",
    verbs: ["swap", "watch"],
    start: onRedis("django"),
  },
];
