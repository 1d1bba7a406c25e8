import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import { afterEach, describe, expect, it } from "vitest";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { dynamodbStore } from "../../../src/stores/dynamodb.js";
import { freePort } from "../server-process.js";
import { documents, dynamodb, startDynalite, TABLE } from "./start-dynalite.js";
import { startFront } from "./start-front.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A process's failfast, and the errors of its store. */
function join(client: DynamoDBDocument, table = TABLE): { failfast: Failfast; errors: unknown[] } {
  const failfast = createFailfast({ store: dynamodbStore(client, table) });
  const errors: unknown[] = [];
  failfast.on("store-down", ({ error }) => errors.push(error));
  ends.push(
    () => client.destroy(),
    () => failfast.close(),
  );
  return { failfast, errors };
}

async function worksAlone(failfast: Failfast): Promise<void> {
  const shop = failfast("shop", 60);
  await failfast.ready();
  expect(await shop.run(async () => "served")).toBe("served");
  await expect(shop.run(() => Promise.reject(new Error("backend")))).rejects.toThrow("backend");
  expect(shop.state).toBe("open");
}

describe("a problem of the store causes an event, and calls go on", () => {
  it("if the table does not exist", async () => {
    const server = await startDynalite();
    ends.push(() => server.stop());
    const { failfast, errors } = join(documents(server.port), "missing");
    await worksAlone(failfast);
    expect(errors[0]).toMatchObject({ name: "ResourceNotFoundException" });
  });

  it("if there are no credentials", async () => {
    const credentials = () => Promise.reject(new Error("no credentials here"));
    const { failfast, errors } = join(DynamoDBDocument.from(dynamodb(await freePort(), { credentials })));
    await worksAlone(failfast);
    expect(errors[0]).toMatchObject({ message: "no credentials here" });
  });

  it("if the server is down at the start: what happened meanwhile is shared once it is up", async () => {
    const port = await freePort();
    const { failfast, errors } = join(documents(port));
    await worksAlone(failfast);
    expect(errors).toHaveLength(1);

    const server = await startDynalite(port);
    ends.push(() => server.stop());
    const other = join(documents(port)).failfast;
    other("shop", 60);
    await other.ready();
    await expect.poll(() => other("shop").state, { timeout: 45_000, interval: 50 }).toBe("open");
  });
});

it("a request that is never answered is aborted, and its connection closed", async () => {
  const server = await startDynalite();
  const front = await startFront(server.port);
  const client = documents(front.port);
  ends.push(
    () => server.stop(),
    () => front.close(),
    () => client.destroy(),
  );
  front.freeze();
  const answer = expect(dynamodbStore(client, TABLE).get("a")).rejects.toThrow(/abort/i);
  await expect.poll(() => front.hanging()).toBe(1);
  await answer;
  await expect.poll(() => front.hanging(), { timeout: 5_000 }).toBe(0);
});
