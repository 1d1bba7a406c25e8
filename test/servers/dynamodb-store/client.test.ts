import { DynamoDB } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocument, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DynamodbClient, dynamodbStore } from "../../../src/stores/dynamodb.js";
import type { ServerProcess } from "../server-process.js";
import { documents, dynamodb, startDynalite, TABLE } from "./start-dynalite.js";

const NOWHERE = 9;

describe("dynamodbStore() takes a DynamoDBDocument", () => {
  const anything = (client: unknown) => () => dynamodbStore(client as DynamodbClient, TABLE);

  it("and says how to make one", () => {
    expect(anything(dynamodb(NOWHERE))).toThrow(TypeError);
    expect(anything(dynamodb(NOWHERE))).toThrow(/pass DynamoDBDocument\.from\(new DynamoDBClient/);
  });

  it.each([
    ["undefined", undefined, /got undefined/],
    ["null", null, /got null/],
    ["a URL, which it doesn't repeat", "https://:secret@host", /^(?!.*secret).*got string/],
    ["a promise of one", Promise.resolve({}), /a promise \(await it first\)/],
    [
      "a DynamoDBDocumentClient, whose commands it would have to import",
      DynamoDBDocumentClient.from(dynamodb(NOWHERE)),
      /send\(\) alone/,
    ],
    [
      "a client that deals in attribute values",
      new DynamoDB({ region: "eu-west-1" }),
      /which deals in attribute values/,
    ],
    [
      "a DocumentClient of version 2, whose requests are no promises",
      { get() {}, put() {}, delete() {} },
      /the SDK's version 2/,
    ],
  ])("and not %s", (_, client, message) => {
    expect(anything(client)).toThrow(TypeError);
    expect(anything(client)).toThrow(message);
  });

  it("and a table's name, a prefix and a partition key of at least one character", () => {
    const client = documents(NOWHERE);
    expect(() => dynamodbStore(client, "")).toThrow(/the table of .* at least one character, got ""/);
    expect(() => dynamodbStore(client, undefined as unknown as string)).toThrow(/the table .* got undefined/);
    expect(() => dynamodbStore(client, TABLE, { prefix: "" })).toThrow(/the prefix .* got ""/);
    expect(() => dynamodbStore(client, TABLE, { partitionKey: "" })).toThrow(/the partitionKey .* got ""/);
  });
});

describe("the caller's own options for reading and writing items", () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());

  it.each([
    ["wrapped numbers", { unmarshallOptions: { wrapNumbers: true } }],
    ["numbers as bigints", { unmarshallOptions: { wrapNumbers: (digits: string) => BigInt(digits) } }],
    ["nulls for empty texts", { marshallOptions: { convertEmptyValues: true } }],
    ["unconverted top level containers", { marshallOptions: { convertTopLevelContainer: false } }],
  ])("may be %s", async (how, translate) => {
    const client = documents(server.port, translate);
    const store = dynamodbStore(client, TABLE, { prefix: how });
    expect(await store.swap?.("a", null, "1", 60_000)).toEqual({ ok: true, value: "1" });
    expect(await store.swap?.("a", null, "2", 60_000)).toEqual({ ok: false, value: "1" });
    expect(await store.swap?.("a", "1", "2", 60_000)).toEqual({ ok: true, value: "2" });
    expect(await store.get("a")).toBe("2");
    client.destroy();
  });

  it("leave the client open", async () => {
    const client = documents(server.port);
    const store = dynamodbStore(client, TABLE, { prefix: "open" });
    await store.set("a", "1", 60_000);
    expect(client).toBeInstanceOf(DynamoDBDocument);
    expect((await client.get({ TableName: TABLE, Key: { id: "open:a" } })).Item).toMatchObject({
      value: "1",
    });
    client.destroy();
  });
});
