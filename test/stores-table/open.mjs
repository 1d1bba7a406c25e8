// Opens a store of the table as a process of its own would, in the run itself and in the processes that it starts.
import { cacheStore } from "failfast/cache";
import { djangoCacheStore, djangoRedis } from "failfast/django";
import { dynamodbStore } from "failfast/dynamodb";
import { redisStore } from "failfast/redis";
import { upstashStore } from "failfast/upstash";
import { storeFrom } from "failfast/url";

/** A place is a URL for storeFrom(), or a kind and its address. */
export async function open({ kind, where, prefix }) {
  if (kind === "url") {
    const [address, query] = where.split("?");
    const options = new URLSearchParams(query);
    // A store in memory belongs to its process, and takes no options.
    if (!address.startsWith("memory:")) options.set("prefix", prefix);
    const store = await storeFrom(`${address}?${options}`);
    await store.migrate();
    const { migrate: _, close, [Symbol.asyncDispose]: __, ...verbs } = store;
    return { store: verbs, close };
  }
  if (kind === "upstash") {
    const { Redis } = await import("@upstash/redis");
    const client = new Redis({ ...where, retry: false, enableTelemetry: false });
    return { store: upstashStore(client, { prefix }), close() {} };
  }
  if (kind === "dynamodb") {
    const { DynamoDBClient } = await import("@aws-sdk/client-dynamodb");
    const { DynamoDBDocument } = await import("@aws-sdk/lib-dynamodb");
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const client = new DynamoDBClient({ endpoint: where.endpoint, region: "eu-west-1", credentials });
    return {
      store: dynamodbStore(DynamoDBDocument.from(client), where.table, { prefix }),
      close: () => client.destroy(),
    };
  }
  const { Redis } = await import("ioredis");
  const redis = new Redis(where);
  redis.on("error", () => {});
  const close = () => redis.disconnect();
  if (kind === "django") {
    const options = { records: redisStore(redis, { prefix }), keyPrefix: prefix };
    return { store: djangoCacheStore(djangoRedis(redis), options), close };
  }
  const cache = {
    get: (key) => redis.get(key),
    set: (key, value, ttl) => redis.set(key, value, "PX", Math.ceil(ttl)),
    delete: (key) => redis.del(key),
  };
  return { store: cacheStore(cache, { prefix, ttlUnit: "ms" }), close };
}
