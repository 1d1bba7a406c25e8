import type { Store } from "../options/store.js";
import { type DynamodbClient, detectClient } from "./dynamodb/client.js";
import { type Item, isRefusal, live } from "./dynamodb/item.js";
import { checkOptions, checkPrefix, checkText } from "./shared/options.js";

export type { DynamodbClient } from "./dynamodb/client.js";

/** The options of `dynamodbStore`. */
export interface DynamodbStoreOptions {
  /**
   * Names the fleet: processes that use the same prefix in one table share their circuits. A record's partition key is
   * `<prefix>:<key>`. Any text except the empty one.
   *
   * @default "failfast"
   */
  readonly prefix?: string;
  /**
   * The name of the table's partition key, an attribute of type string.
   *
   * @default "id"
   */
  readonly partitionKey?: string;
}

const NAMES = { "#value": "value", "#expires": "expires" };
const HOLDS = "#value = :expect AND #expires > :now";
/** Expired values count as deleted, and so do values that this store never wrote. */
const FREE = "NOT (#expires > :now AND attribute_type(#value, :string))";

/**
 * A store in a table of Amazon DynamoDB, with `swap`, through a `DynamoDBDocument` of the AWS SDK for
 * JavaScript v3. The table has a partition key of type string and no sort key.
 *
 * A swap is one conditional write; every read is strongly consistent. An item contains its value, `expires` (ms since
 * the epoch, judged by this process's clock) and `ttl` (the same in seconds, by which DynamoDB deletes it). However
 * late DynamoDB deletes it, an expired value counts as absent. The client is never configured or destroyed; a request
 * without an answer is aborted after 2 s.
 *
 * @example
 * const client = DynamoDBDocument.from(new DynamoDBClient({}));
 * const salesApi = failfast("sales_api", 60, { store: dynamodbStore(client, "circuits") });
 *
 * @throws {TypeError} the client isn't one of those, an option is unknown, or the table or an option isn't a text of at
 * least one character.
 */
export function dynamodbStore(
  client: DynamodbClient,
  table: string,
  options: DynamodbStoreOptions = {},
): Store {
  const requests = detectClient(client);
  checkOptions("dynamodbStore", options, ["prefix", "partitionKey"]);
  checkText("dynamodbStore", "table", table);
  const prefix = checkPrefix("dynamodbStore", options.prefix);
  const partitionKey = checkText("dynamodbStore", "partitionKey", options.partitionKey ?? "id");
  const keyOf = (key: string): Item => ({ [partitionKey]: `${prefix}:${key}` });

  async function read(key: string): Promise<string | null> {
    const { Item } = await requests.get({ TableName: table, Key: keyOf(key), ConsistentRead: true });
    return live(Item, Date.now());
  }

  function write(key: string, value: string, ttlMs: number, condition?: object): Promise<unknown> {
    const expires = Math.ceil(Date.now() + ttlMs);
    const item = { ...keyOf(key), value, expires, ttl: Math.ceil(expires / 1_000) };
    return requests.put({ TableName: table, Item: item, ...condition });
  }

  return {
    get: read,
    set: (key, value, ttlMs) => write(key, value, ttlMs),
    delete: (key) => requests.delete({ TableName: table, Key: keyOf(key) }),
    async swap(key, expect, value, ttlMs) {
      const now = Date.now();
      const condition = {
        ConditionExpression: expect === null ? FREE : HOLDS,
        ExpressionAttributeNames: NAMES,
        // DynamoDB refuses a value that the expression doesn't use.
        ExpressionAttributeValues: {
          ":now": now,
          ...(expect === null ? { ":string": "S" } : { ":expect": expect }),
        },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      };
      try {
        await write(key, value, ttlMs, condition);
        return { ok: true, value };
      } catch (error) {
        if (!isRefusal(error)) throw error;
        // If nothing is stored there is no item. Emulators never return it.
        return { ok: false, value: error.Item ? live(error.Item, now) : await read(key) };
      }
    },
    sibling: (name) => dynamodbStore(client, table, { partitionKey, prefix: `${prefix}:@${name}` }),
  };
}
