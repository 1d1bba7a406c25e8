import type { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { dynamodbStore } from "../../../src/stores/dynamodb.js";
import type { ServerProcess } from "../server-process.js";
import { createTable, documents, startDynalite, TABLE } from "./start-dynalite.js";
import { type Front, startFront } from "./start-front.js";

describe("an item of dynamodbStore()", () => {
  let server: ServerProcess;
  let front: Front;
  let client: DynamoDBDocument;
  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    front = await startFront(server.port);
    client = documents(front.port);
  });
  afterEach(async () => {
    vi.useRealTimers();
    client.destroy();
    await front.close();
  });

  const item = async (id: string) => (await client.get({ TableName: TABLE, Key: { id } })).Item;
  const operations = (): string[] => front.requests.map(({ operation }) => operation);

  it("has its value, its expiry in ms, and the expiry in seconds for DynamoDB's own deletion", async () => {
    vi.useFakeTimers({ now: 1_767_225_600_000, toFake: ["Date"] });
    await dynamodbStore(client, TABLE, { prefix: "layout" }).set("circuit:a", "value", 1_500);
    expect(await item("layout:circuit:a")).toEqual({
      id: "layout:circuit:a",
      value: "value",
      expires: 1_767_225_601_500,
      ttl: 1_767_225_602,
    });
  });

  it("that DynamoDB has not yet deleted is absent once it has expired by this process's clock", async () => {
    const store = dynamodbStore(client, TABLE, { prefix: "late" });
    await store.set("a", "old", 60_000);
    vi.useFakeTimers({ now: Date.now() + 60_001, toFake: ["Date"] });
    expect(await store.get("a")).toBeNull();
    expect(await store.swap?.("a", "old", "new", 60_000)).toEqual({ ok: false, value: null });
    expect(await item("late:a")).toMatchObject({ value: "old" });
    expect(await store.swap?.("a", null, "new", 60_000)).toEqual({ ok: true, value: "new" });
  });

  it.each([
    ["no value and no deadline", {}],
    ["a value that is no text", { value: 7, expires: Date.now() + 600_000 }],
    ["a deadline that is no number", { value: "text", expires: "tomorrow" }],
    ["no deadline", { value: "text", ttl: 1 }],
  ])("with %s is absent and replaced", async (how, attributes) => {
    const store = dynamodbStore(client, TABLE, { prefix: how });
    await client.put({ TableName: TABLE, Item: { id: `${how}:a`, ...attributes } });
    expect(await store.get("a")).toBeNull();
    expect(await store.swap?.("a", null, "mine", 60_000)).toEqual({ ok: true, value: "mine" });
    expect(await store.get("a")).toBe("mine");
  });

  it("is read with strong consistency", async () => {
    await dynamodbStore(client, TABLE).get("a");
    expect(front.requests).toMatchObject([{ operation: "GetItem", input: { ConsistentRead: true } }]);
  });

  it("is swapped in one request, even if refused, if the server returns the stored item", async () => {
    const store = dynamodbStore(client, TABLE, { prefix: "one request" });
    expect(await store.swap?.("a", null, "1", 60_000)).toEqual({ ok: true, value: "1" });
    expect(await store.swap?.("a", null, "2", 60_000)).toEqual({ ok: false, value: "1" });
    expect(await store.swap?.("a", "3", "2", 60_000)).toEqual({ ok: false, value: "1" });
    expect(operations()).toEqual(["PutItem", "PutItem", "PutItem"]);
  });

  it("is read once more after a refused swap if nothing is stored", async () => {
    const store = dynamodbStore(client, TABLE, { prefix: "nothing" });
    expect(await store.swap?.("a", "1", "2", 60_000)).toEqual({ ok: false, value: null });
    expect(operations()).toEqual(["PutItem", "GetItem"]);
  });

  it("is separate for each prefix", async () => {
    await dynamodbStore(client, TABLE, { prefix: "red" }).set("a", "1", 60_000);
    expect(await dynamodbStore(client, TABLE, { prefix: "blue" }).get("a")).toBeNull();
  });

  it("may have a partition key of another name", async () => {
    await createTable(server.port, "shared", "pk");
    const store = dynamodbStore(client, "shared", { partitionKey: "pk" });
    expect(await store.swap?.("a", null, "1", 60_000)).toEqual({ ok: true, value: "1" });
    expect(await store.swap?.("a", null, "2", 60_000)).toEqual({ ok: false, value: "1" });
    await store.delete("a");
    expect(await store.get("a")).toBeNull();
  });
});
