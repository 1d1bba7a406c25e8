import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import { Redis as Upstash } from "@upstash/redis";
import Database from "better-sqlite3";
import { Redis } from "ioredis";
import { Keyv } from "keyv";
import Memcached from "memcached";
import { createPool } from "mysql2/promise";
import { Pool } from "pg";
import { expect, test } from "vitest";
import { memoryStore } from "../../src/index.js";
import type { Store } from "../../src/options/store.js";
import { cacheStore } from "../../src/stores/cache.js";
import { djangoCacheStore, djangoRedis } from "../../src/stores/django.js";
import { dynamodbStore } from "../../src/stores/dynamodb.js";
import { fileStore } from "../../src/stores/file.js";
import { memcachedStore } from "../../src/stores/memcached.js";
import { mysqlStore } from "../../src/stores/mysql.js";
import { type NatsKv, natsStore } from "../../src/stores/nats.js";
import { postgresStore } from "../../src/stores/postgres.js";
import { redisStore } from "../../src/stores/redis.js";
import { sqliteStore } from "../../src/stores/sqlite.js";
import { upstashStore } from "../../src/stores/upstash.js";
import { open } from "../stores-table/measure.js";

/** Rows of docs/stores/table.md, as cells. */
const rows = readFileSync("docs/stores/table.md", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) =>
    line
      .split("|")
      .map((cell) => cell.trim())
      .slice(1, -1),
  );

/** They run in Deno and in Cloudflare's workers, where nothing here measures. */
const OTHER_RUNTIMES = ["denoKvStore", "durableObjectStore"];

test("the table of the docs has exactly the stores that Node can import", async () => {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
    exports: Record<string, { default?: string }>;
  };
  const files = Object.entries(exports).flatMap(([subpath, { default: file = "" }]) =>
    /\/stores\//.test(file) || subpath === "." ? [file] : [],
  );
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(file).href)));
  const stores = modules.flatMap((exported) =>
    Object.keys(exported).filter((name) => name.endsWith("Store")),
  );
  const inTable = rows.map(([name]) => name?.replaceAll("`", ""));
  expect([...inTable, ...OTHER_RUNTIMES].sort()).toEqual([...new Set(stores)].sort());
});

test("the table lists the verbs of each store", () => {
  // None of these clients has connected.
  const redis = new Redis({ lazyConnect: true });
  const kv = Object.fromEntries(
    ["get", "put", "delete", "purge", "history", "watch", "status"].map((verb) => [verb, async () => null]),
  ) as unknown as NatsKv;
  const stores: Record<string, Store> = {
    memoryStore: memoryStore(),
    fileStore: fileStore(),
    sqliteStore: sqliteStore(new Database(":memory:")),
    redisStore: redisStore(redis),
    upstashStore: upstashStore(
      new Upstash({ url: "http://127.0.0.1:1", token: "none", enableTelemetry: false }),
    ),
    postgresStore: postgresStore(new Pool()),
    mysqlStore: mysqlStore(createPool({})),
    natsStore: natsStore(kv),
    memcachedStore: memcachedStore(new Memcached("127.0.0.1:1")),
    dynamodbStore: dynamodbStore(
      DynamoDBDocument.from(new DynamoDBClient({ region: "eu-west-1" })),
      "circuits",
    ),
    cacheStore: cacheStore(new Keyv()),
    djangoCacheStore: djangoCacheStore(djangoRedis(redis), { records: redisStore(redis) }),
  };
  const said = Object.fromEntries(
    rows.map(([name = "", ...cells]) => [
      name.replaceAll("`", ""),
      cells.slice(0, 3).map((cell) => cell === "yes"),
    ]),
  );
  const found = Object.entries(stores).map(([name, store]) => [
    name,
    [store.swap, store.list, store.watch].map((verb) => verb !== undefined),
  ]);
  expect(said).toEqual(Object.fromEntries(found));
});

test("the script that makes the table opens the stores that need no server", async () => {
  const folder = mkdtempSync(join(tmpdir(), "failfast-table-"));
  try {
    for (const where of ["memory:", `file:${folder}/files`, `sqlite:${folder}/one.db`]) {
      const { store, close } = await open({ kind: "url", where }, "table");
      await store.set("kept", "value", 60_000);
      expect(await store.get("kept"), where).toBe("value");
      await close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("every store in the table passed the whole contract, except one case that an emulator can't pass", () => {
  for (const cells of rows) {
    const [, passed, of] = /^(\d+) of (\d+)$/.exec(cells[8] ?? "") ?? [];
    expect(Number(of) - Number(passed), cells[0]).toBe(cells[0] === "`dynamodbStore`" ? 1 : 0);
    expect(Number(of)).toBeGreaterThan(25);
  }
});
