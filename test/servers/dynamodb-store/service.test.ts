// What the service does over HTTP, through the SDK with its own retries.
import { DeleteTableCommand, DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { dynamodbStore } from "../../../src/stores/dynamodb.js";
import type { ServerProcess } from "../server-process.js";
import { createTable, documents, dynamodb, startDynalite, TABLE } from "./start-dynalite.js";
import { type Front, startFront } from "./start-front.js";

const ends: (() => unknown)[] = [];
let server: ServerProcess;
let front: Front;
beforeEach(async () => {
  server = await startDynalite();
  ends.push(() => server.stop());
  front = await startFront(server.port);
  ends.push(() => front.close());
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const soon = { timeout: 40_000, interval: 20 };
const fail = (): Promise<never> => Promise.reject(new Error("backend"));

function join(port: number, client: DynamoDBDocument = documents(port)) {
  const failfast: Failfast = createFailfast({
    store: dynamodbStore(client, TABLE),
    timeout: 60,
    report: false,
  });
  const told: string[] = [];
  failfast.on("store-down", ({ error }) => told.push(String(error)));
  failfast.on("store-up", () => told.push("up"));
  ends.push(
    () => client.destroy(),
    () => failfast.close(),
  );
  failfast("shop");
  return { failfast, told, shop: failfast("shop") };
}

test.each(["ProvisionedThroughputExceededException"])(
  "a table that throttles every request is asked about once a second, and shares afterwards (%s)",
  async (error) => {
    const [here, there] = [join(front.port), join(server.port)];
    await Promise.all([here.failfast.ready(), there.failfast.ready()]);
    front.harm = () => ({ error });
    const from = front.requests.length;
    await expect(here.shop.run(fail)).rejects.toThrow("backend");
    expect(here.shop.state).toBe("open");
    await expect
      .poll(() => here.told, soon)
      .toEqual([expect.stringMatching(new RegExp(`${error}|throttled`))]);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    // The SDK asks three times each.
    expect(front.requests.length - from).toBeLessThan(60);
    expect(here.told).toHaveLength(1);
    front.harm = undefined;
    await expect.poll(() => there.shop.state, soon).toBe("open");
    expect(here.told.slice(1)).toEqual(["up"]);
  },
);

test("credentials that expire are reported once, and what happened meanwhile is shared with the new ones", async () => {
  let fresh = false;
  const client = DynamoDBDocument.from(
    dynamodb(front.port, {
      maxAttempts: 1,
      credentials: async () => ({
        accessKeyId: fresh ? "fresh" : "test",
        secretAccessKey: "test",
        expiration: new Date(Date.now() + (fresh ? 3_600_000 : -1)),
      }),
    }),
  );
  const [here, there] = [join(front.port, client), join(server.port)];
  await Promise.all([here.failfast.ready(), there.failfast.ready()]);
  front.harm = () => (fresh ? undefined : { error: "ExpiredTokenException" });
  await expect(here.shop.run(fail)).rejects.toThrow("backend");
  await expect.poll(() => here.told, soon).toEqual([expect.stringContaining("ExpiredTokenException")]);
  expect(await here.shop.hold("open")).toEqual({ stored: false });
  fresh = true;
  await expect.poll(() => there.shop.state, soon).toBe("open");
  expect(here.told).toEqual([expect.stringContaining("ExpiredTokenException"), "up"]);
});

test("a write whose answer is lost counts, although the SDK repeats it and is refused", async () => {
  const { shop, failfast, told } = join(front.port);
  await failfast.ready();
  let lost = 0;
  front.harm = (operation) => (operation === "PutItem" && lost++ === 0 ? "lose" : undefined);
  expect(await shop.trip()).toMatchObject({ stored: true });
  expect(lost).toBeGreaterThan(1);
  const other = join(server.port);
  await other.failfast.ready();
  expect(other.shop.state).toBe("open");
  expect(told).toEqual([]);
});

describe("a table", () => {
  const removed = async (): Promise<void> => {
    const client = dynamodb(server.port);
    await client.send(new DeleteTableCommand({ TableName: TABLE }));
    await expect
      .poll(() => client.send(new DescribeTableCommand({ TableName: TABLE })).catch(({ name }) => name), soon)
      .toBe("ResourceNotFoundException");
    client.destroy();
  };

  test("that is removed and made again gets what is open", async () => {
    const [here, there] = [join(server.port), join(server.port)];
    await Promise.all([here.failfast.ready(), there.failfast.ready()]);
    await here.shop.trip();
    await expect.poll(() => there.shop.state, soon).toBe("open");
    await removed();
    await expect.poll(() => here.told, soon).toEqual([expect.stringContaining("ResourceNotFoundException")]);
    expect([here.shop.state, there.shop.state]).toEqual(["open", "open"]);
    await createTable(server.port, TABLE, "id");
    const newcomer = join(server.port);
    await newcomer.failfast.ready();
    await expect.poll(() => newcomer.shop.state, soon).toBe("open");
  });

  test("gets keys below 2 048 bytes, however long the names are", async () => {
    const { failfast, told } = join(front.port);
    await failfast.ready();
    for (const name of ["é".repeat(5_000), "x".repeat(1_000_000), "😀".repeat(999)])
      expect(await failfast(name, 60).trip()).toMatchObject({ stored: true });
    expect(told).toEqual([]);
    const keys = front.requests.map(({ input }) => JSON.stringify(input["Item"] ?? input["Key"] ?? {}));
    expect(Math.max(...keys.map((key) => key.length))).toBeLessThan(2_048);
  });
});
