import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import * as grpc from "@grpc/grpc-js";
import { type Collection, MongoClient } from "mongodb";
import pg from "pg";
import { createClient } from "redis";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTable, dynamodb, startDynalite } from "../dynamodb-store/start-dynalite.js";
import { postgres, startPostgres } from "../postgres-store/start-postgres.js";
import { requireProgram } from "../require.js";
import { startRedis } from "../start-redis.js";
import { type MongoFake, startMongoFake } from "./start-mongo-fake.js";

// The built package, as the recipes import it.
const packageName: string = "failfast";
const { failfast, isFailfastError: isRejection }: typeof import("../../../src/index.js") = await import(
  packageName
);
const folder = new URL("../../../examples/recipes/", import.meta.url);
const recipe = (name: string): Promise<Record<string, (...args: unknown[]) => unknown>> =>
  import(new URL(`${name}.mjs`, folder).href);

const redisServer = requireProgram("redis-server");

const outcome = (call: unknown): Promise<unknown> => Promise.resolve(call).catch((error: unknown) => error);
const state = (name: string): string => failfast(name).state;

let close: (() => unknown)[];
beforeEach(() => {
  close = [];
});
afterEach(async () => {
  for (const each of close.reverse()) await each();
  for (const circuit of failfast.circuits()) await circuit.reset();
});

test.each(readdirSync(folder))("docs/recipes.md shows %s as it is", (name) => {
  const docs = readFileSync(new URL("../../../docs/recipes.md", import.meta.url), "utf8");
  expect(docs).toContain(`\`\`\`js\n${readFileSync(new URL(name, folder), "utf8")}\`\`\``);
});

test("no two recipes use one circuit name, and no name is likely to be another service's", () => {
  const names = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), "utf8").matchAll(/failfast\("([^"]+)"/g)].map(([, name]) => name),
  );
  expect(names.length).toBeGreaterThan(3);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^[a-z]+_[a-z]+$/.test(name ?? ""))).toEqual([]);
});

describe("mongodb", () => {
  let fake: MongoFake;
  let invoices: { find(customer: string): Promise<unknown>; add(customer: string): Promise<unknown> };
  beforeEach(async () => {
    fake = await startMongoFake();
    const client = new MongoClient(fake.url);
    close.push(
      () => fake.stop(),
      () => client.close(),
    );
    const collection: Collection = client.db("shop").collection("invoices");
    invoices = (await recipe("mongodb"))["invoicesIn"]?.(collection) as typeof invoices;
  });

  test("does not count an answer of the server as a failure", async () => {
    fake.answer = () => ({
      ok: 1,
      cursor: { id: 0n, ns: "shop.invoices", firstBatch: [{ customer: "ann" }] },
    });
    expect(await invoices.find("ann")).toEqual({ customer: "ann" });
    fake.answer = () => ({ ok: 1, n: 0, writeErrors: [{ index: 0, code: 11_000, errmsg: "a duplicate" }] });
    expect(await outcome(invoices.add("ann"))).toMatchObject({ name: "MongoServerError", code: 11_000 });
    fake.answer = () => ({ ok: 0, code: 13, codeName: "Unauthorized", errmsg: "not yours" });
    expect(await outcome(invoices.find("ann"))).toMatchObject({ name: "MongoServerError", code: 13 });
    expect(state("billing_mongodb")).toBe("closed");
  });

  test("does not count a pool that this process keeps busy", async () => {
    const client = new MongoClient(fake.url, { maxPoolSize: 1, waitQueueTimeoutMS: 200 });
    const collection = client.db("shop").collection("invoices");
    const its = (await recipe("mongodb"))["invoicesIn"]?.(collection) as typeof invoices;
    fake.answer = (command) =>
      "aggregate" in command
        ? undefined
        : { ok: 1, cursor: { id: 0n, ns: "shop.invoices", firstBatch: [{ customer: "ann" }] } };
    expect(await its.find("ann")).toEqual({ customer: "ann" });
    const report = outcome(collection.aggregate([]).toArray());
    await expect.poll(() => fake.commands).toBe(2);
    for (let n = 0; n < 3; n++)
      expect(await outcome(its.find("ann"))).toMatchObject({ name: "MongoWaitQueueTimeoutError" });
    expect(state("billing_mongodb")).toBe("closed");
    await client.close(true);
    await report;
  });

  test("counts a server that shuts down or can't be reached", async () => {
    fake.answer = () => ({
      ok: 0,
      code: 91,
      codeName: "ShutdownInProgress",
      errmsg: "going",
      errorLabels: ["RetryableWriteError"],
    });
    expect(await outcome(invoices.add("ann"))).toMatchObject({ name: "MongoServerError", code: 91 });
    expect(state("billing_mongodb")).toBe("open");
    await failfast("billing_mongodb").reset();
    await fake.stop();
    expect(await outcome(invoices.find("ann"))).toMatchObject({ name: expect.stringMatching(/^Mongo/) });
    const { commands } = fake;
    expect(isRejection(await outcome(invoices.add("ann")))).toBe(true);
    expect(fake.commands).toBe(commands);
  });
});

describe("the AWS SDK", () => {
  test("counts a fault of the service once for all retries, and no fault of the client", async () => {
    const server = await startDynalite();
    await createTable(server.port, "invoices", "id");
    const { guard } = await recipe("aws-sdk");
    const client = guard?.(dynamodb(server.port, { maxAttempts: 2 }), "dynamodb") as DynamoDBClient;
    close.push(
      () => server.stop(),
      () => client.destroy(),
    );
    const get = (TableName: string): Promise<unknown> =>
      outcome(client.send(new GetItemCommand({ TableName, Key: { id: { S: "1" } } })));
    expect(await get("invoices")).toMatchObject({ $metadata: { httpStatusCode: 200 } });
    expect(await get("nowhere")).toMatchObject({ name: "ResourceNotFoundException" });
    expect(state("dynamodb")).toBe("closed");
    await server.kill();
    expect(await get("invoices")).toMatchObject({ code: "ECONNREFUSED" });
    expect(isRejection(await get("invoices"))).toBe(true);
  });

  test("counts a call that its caller aborts as neither", async () => {
    let asked = (): void => undefined;
    const reached = new Promise<void>((resolve) => (asked = resolve));
    const server = createServer(() => asked());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { guard } = await recipe("aws-sdk");
    const { port } = server.address() as { port: number };
    const client = guard?.(dynamodb(port, { maxAttempts: 1 }), "dynamodb left") as DynamoDBClient;
    close.push(
      () => server.close(),
      () => client.destroy(),
    );
    const caller = new AbortController();
    const command = new GetItemCommand({ TableName: "invoices", Key: { id: { S: "1" } } });
    const call = outcome(client.send(command, { abortSignal: caller.signal }));
    await reached;
    caller.abort();
    expect(await call).toMatchObject({ name: "AbortError" });
    expect(state("dynamodb left")).toBe("closed");
  });

  test.each([
    [500, "InternalServerError", "open"],
    [400, "ThrottlingException", "open"],
    [400, "ValidationException", "closed"],
  ])("%d %s leaves the circuit %s", async (status, type, then) => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests++;
      response.writeHead(status, { "Content-Type": "application/x-amz-json-1.0" });
      response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: "no" }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const { guard } = await recipe("aws-sdk");
    const client = guard?.(dynamodb(port, { maxAttempts: 2 }), `dynamodb ${type}`) as DynamoDBClient;
    close.push(
      () => server.close(),
      () => client.destroy(),
    );
    const get = (): Promise<unknown> =>
      outcome(client.send(new GetItemCommand({ TableName: "invoices", Key: { id: { S: "1" } } })));
    expect(await get()).toMatchObject({ name: type });
    expect([state(`dynamodb ${type}`), requests]).toEqual([then, then === "open" ? 2 : 1]);
    await get();
    expect(requests).toBe(2);
  });
});

describe("a recovery check", () => {
  type Circuit = import("../../../src/index.js").Circuit;
  const circuitOf = async (name: string, client: unknown): Promise<Circuit> =>
    (await recipe(name))["circuitOf"]?.(client, "300ms") as Circuit;
  const fail = (circuit: Circuit) => outcome(circuit.run(() => Promise.reject(new Error("down"))));
  /** While the backend is down the circuit opens again and again without a call; when the backend works, it closes. */
  async function recovers(circuit: Circuit, well: () => Promise<unknown>): Promise<void> {
    let opened = 0;
    const heard = circuit.on("open", () => opened++);
    await fail(circuit);
    await expect.poll(() => opened, { timeout: 30_000 }).toBeGreaterThan(1);
    await well();
    await expect.poll(() => circuit.state, { timeout: 30_000 }).toBe("closed");
    heard.dispose();
  }

  test("over HTTP closes a circuit", async () => {
    let status = 503;
    const server = createServer((_, response) => response.writeHead(status).end("how it is"));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    close.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as { port: number };
    await recovers(await circuitOf("http-check", `http://127.0.0.1:${port}`), async () => {
      status = 200;
    });
  });

  test.skipIf(!postgres)("of PostgreSQL closes a circuit", async () => {
    const server = await startPostgres();
    const pool = new pg.Pool({ connectionString: server.url });
    pool.on("error", () => undefined);
    close.push(
      () => server.stop(),
      () => pool.end(),
    );
    await server.kill();
    await recovers(await circuitOf("pg-check", pool), () => server.restart());
  });

  test.skipIf(!redisServer)("of Redis closes a circuit", async () => {
    const server = await startRedis();
    const client = createClient({ url: server.url });
    client.on("error", () => undefined);
    await client.connect();
    close.push(
      () => server.stop(),
      () => client.destroy(),
    );
    await server.kill();
    await recovers(await circuitOf("redis-check", client), () => server.restart());
  });

  test("of gRPC closes a circuit", async () => {
    let status = 2;
    const server = new grpc.Server();
    const bytes = (message: Buffer): Buffer => message;
    const definition = {
      path: "/grpc.health.v1.Health/Check",
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    server.addService({ check: definition } as never, {
      check: (_: unknown, answer: (error: null, message: Buffer) => void) =>
        answer(null, Buffer.from([8, status])),
    });
    const port = await new Promise<number>((done, failed) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? failed(error) : done(bound),
      ),
    );
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    close.push(
      () => server.forceShutdown(),
      () => client.close(),
    );
    await recovers(await circuitOf("grpc-check", client), async () => {
      status = 1;
    });
  });
});
