import { describeClient, hasMethods } from "../shared/given-client.js";
import type { Item } from "./item.js";

/**
 * The SDK sets no deadline. A request without an answer would occupy one of the caller's connections, and the process.
 */
const ABORT_AFTER_MS = 2_000;

/** What a request may have beside its input. */
interface RequestOptions {
  readonly abortSignal?: object;
}

/** The part of a `DynamoDBDocument` of `@aws-sdk/lib-dynamodb` that the store uses. */
export interface DynamodbClient {
  get(
    input: { readonly TableName: string; readonly Key: Item; readonly ConsistentRead: boolean },
    options?: RequestOptions,
  ): Promise<{ readonly Item?: Item | undefined }>;
  put(input: { readonly TableName: string; readonly Item: Item }, options?: RequestOptions): Promise<unknown>;
  delete(
    input: { readonly TableName: string; readonly Key: Item },
    options?: RequestOptions,
  ): Promise<unknown>;
  /** Not called. Similar clients of the SDK's version 2 don't have it, and their requests are not promises. */
  send: unknown;
}

/** Those requests, each with a deadline. Throws a `TypeError` for a client that doesn't have them. */
export function detectClient(client: DynamodbClient): Pick<DynamodbClient, "get" | "put" | "delete"> {
  if (!hasMethods<DynamodbClient>(client, ["get", "put", "delete", "send"])) {
    throw new TypeError(
      `dynamodbStore() takes a DynamoDBDocument of @aws-sdk/lib-dynamodb, got ${describeClient(client, kindOf)}; ` +
        "pass DynamoDBDocument.from(new DynamoDBClient({ … }))",
    );
  }
  return {
    get: (input) => client.get(input, deadline()).catch(explain),
    put: (input) => client.put(input, deadline()).catch(explain),
    delete: (input) => client.delete(input, deadline()).catch(explain),
  };
}

/** The SDK repeats what is throttled, and an aborted request doesn't tell why it took so long. */
function explain(error: unknown): never {
  if ((error as { name?: unknown } | null)?.name !== "AbortError") throw error;
  const message = `DynamoDB gave no answer within ${ABORT_AFTER_MS} ms, and the request was aborted; the SDK's own retries count, as of requests that are throttled`;
  throw new Error(message, { cause: error });
}

function deadline(): RequestOptions {
  const { AbortSignal } = globalThis as { AbortSignal?: { timeout?(ms: number): object } };
  return AbortSignal?.timeout ? { abortSignal: AbortSignal.timeout(ABORT_AFTER_MS) } : {};
}

function kindOf({ send, putItem, get }: Readonly<Record<string, unknown>>): string {
  if (typeof putItem === "function") return "a DynamoDB client, which deals in attribute values";
  if (typeof send === "function") return "a client that has send() alone, without get(), put() and delete()";
  if (typeof get === "function")
    return "an object without send(), such as a DocumentClient of the SDK's version 2";
  return "an object that is not one";
}
