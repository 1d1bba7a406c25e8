import { describe, expect, test } from "vitest";
import { cacheStore } from "../cache.js";
import { djangoCacheStore, djangoDatabase } from "../django.js";
import { dynamodbStore } from "../dynamodb.js";
import { fileStore } from "../file.js";
import { memcachedStore } from "../memcached.js";
import { memoryStore } from "../memory.js";
import { mysqlStore } from "../mysql.js";
import { natsStore } from "../nats.js";
import { postgresStore } from "../postgres.js";
import { redisStore } from "../redis.js";
import { sqliteStore } from "../sqlite.js";
import { upstashStore } from "../upstash.js";

const verb = (): Promise<null> => Promise.resolve(null);
const able = (...verbs: string[]): never =>
  Object.fromEntries(verbs.map((name) => [name, verb])) as unknown as never;
const sqlite = {
  prepare: () => ({ all: () => [], get: () => [0], run: () => ({ changes: 0 }) }),
} as never;

type Make = (options: never) => unknown;
const stores: Readonly<Record<string, Make>> = {
  redisStore: (options) => redisStore(able("sendCommand", "select", "duplicate"), options),
  upstashStore: (options) => upstashStore(able("eval", "evalsha"), options),
  postgresStore: (options) => postgresStore(able("query"), options),
  mysqlStore: (options) => mysqlStore(able("getConnection"), options),
  sqliteStore: (options) => sqliteStore(sqlite, options),
  natsStore: (options) =>
    natsStore(able("get", "put", "delete", "purge", "history", "watch", "status"), options),
  memcachedStore: (options) => memcachedStore(able("get", "set", "delete", "touch"), options),
  dynamodbStore: (options) => dynamodbStore(able("get", "put", "delete", "send"), "circuits", options),
  cacheStore: (options) =>
    cacheStore(able("get", "set", "delete"), { ttlUnit: "ms", ...(options as object) }),
  djangoCacheStore: (options) => djangoCacheStore(able("read", "mark", "clear", "fits"), options),
  djangoDatabase: (options) => djangoDatabase(able("query"), options),
  fileStore: (options) => fileStore("/nowhere", options),
  memoryStore,
};

describe.each(Object.entries(stores))("%s()", (name, make) => {
  test.each(["KEY_PREFIX", "prefx", "Prefix", "namespace"])("refuses the unknown option %s", (option) => {
    const refused = () => make({ [option]: "shop" } as never);
    expect(refused).toThrow(TypeError);
    expect(refused).toThrow(new RegExp(`^${name}\\(\\) has no option "${option}"; it takes \\w+`));
  });

  test("takes no options", () => {
    expect(() => make({} as never)).not.toThrow();
  });
});

test("anything but an object of options is refused, with an error that says so", () => {
  const redis = able("sendCommand", "select", "duplicate");
  expect(() => redisStore(redis, "shop" as never)).toThrow(
    /the options of redisStore\(\) are an object, as \{ prefix: … \}, got string/,
  );
  expect(() => redisStore(redis, null as never)).toThrow(/got null/);
});

test.each([[""], [7], [null]])("the prefix %j is refused by every store that has one", (prefix) => {
  for (const [name, make] of Object.entries(stores)) {
    if (["djangoCacheStore", "djangoDatabase", "memoryStore"].includes(name)) continue;
    expect(() => make({ prefix } as never), name).toThrow(/at least one character, got /);
  }
});
