import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { type ConsumeMessage, connect } from "amqplib";
import { type Job, Queue, Worker } from "bullmq";
import type { EachMessagePayload, Consumer as KafkaConsumer } from "kafkajs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pauseWhileOpen } from "../../../src/clients/queue.js";
import { type Circuit, createFailfast } from "../../../src/index.js";
import { rabbitmqServer, startRabbitmq } from "../rabbitmq/start-rabbitmq.js";
import { requireProgram } from "../require.js";
import { startRedis } from "../start-redis.js";
import { KafkaFake } from "./kafka-fake.js";
import { startQueueFake } from "./sqs-fake.js";

let close: (() => unknown)[];
beforeEach(() => {
  close = [];
});
afterEach(async () => {
  for (const each of close.reverse()) await each();
});

/** A backend that is down until the test says otherwise, behind a circuit. */
function backend(): {
  circuit: Circuit;
  send(message: string): Promise<void>;
  down: boolean;
  asked: string[];
  sent: string[];
} {
  const failfast = createFailfast();
  close.push(() => failfast.close());
  const circuit = failfast("sales_api", "300ms") as Circuit;
  const its = {
    circuit,
    down: true,
    asked: [] as string[],
    sent: [] as string[],
    send: circuit(async (message: string) => {
      its.asked.push(message);
      if (its.down) throw new Error("down");
      its.sent.push(message);
    }),
  };
  return its;
}

const redisServer = requireProgram("redis-server");

test.skipIf(!redisServer)(
  "BullMQ: a worker takes no jobs while the circuit is open, and no job loses an attempt",
  async () => {
    const server = await startRedis(redisServer);
    close.push(() => server.stop());
    const connection = { host: "127.0.0.1", port: server.port };
    const its = backend();
    const paused = pauseWhileOpen(its.circuit, {
      pause: () => worker.pause(true),
      resume: () => worker.resume(),
    });
    const handle = paused.hold((job: Job) => its.send(job.name));
    const worker = new Worker("invoices", handle, { connection, concurrency: 3 });
    const queue = new Queue("invoices", { connection });
    worker.on("error", () => undefined);
    close.push(
      () => queue.close(),
      () => worker.close(true),
      () => paused.close(),
    );
    const names = ["a", "b", "c", "d", "e", "f"];
    const opts = { attempts: 20, backoff: { type: "fixed", delay: 50 } };
    const jobs = await queue.addBulk(names.map((name) => ({ name, data: {}, opts })));
    await expect.poll(() => its.circuit.state, { timeout: 20_000 }).toBe("open");
    await expect.poll(() => its.asked.length, { timeout: 20_000 }).toBeGreaterThan(3);
    its.down = false;
    await expect.poll(() => queue.getCompletedCount(), { timeout: 20_000 }).toBe(names.length);
    const made = await Promise.all(
      jobs.map(async ({ id }) => (await queue.getJob(id as string))?.attemptsMade ?? 0),
    );
    expect(made.reduce((sum, each) => sum + each)).toBe(its.asked.length);
    expect(its.sent.sort()).toEqual(names);
  },
);

describe.skipIf(!rabbitmqServer)("amqplib on RabbitMQ", () => {
  test("cancels a consumer while the circuit is open; no message is lost, handled twice or dead-lettered", async () => {
    const server = await startRabbitmq();
    close.push(() => server.stop());
    const client = await connect(server.url);
    close.push(() => client.close());
    const channel = await client.createChannel();
    await channel.assertQueue("dead");
    await channel.assertQueue("invoices", {
      durable: true,
      arguments: {
        "x-queue-type": "quorum",
        "x-delivery-limit": 1,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "dead",
      },
    });
    await channel.prefetch(3);
    const its = backend();
    // RabbitMQ delivers messages again that were on their way when the consumer was cancelled. Nobody has handled
    // those yet.
    const handled = new Set<string>();
    const twice: string[] = [];
    let tag = "";
    const paused = pauseWhileOpen(its.circuit, {
      running: false,
      pause: () => channel.cancel(tag),
      resume: async () => {
        ({ consumerTag: tag } = await channel.consume("invoices", (message) => message && handle(message)));
      },
    });
    close.push(() => paused.close());
    const taken = paused.hold(async (message: ConsumeMessage) => {
      const name = message.content.toString();
      await its.send(name);
      if (handled.has(name)) twice.push(name);
      handled.add(name);
      channel.ack(message);
    });
    // Messages whose calls failed go back to the queue, each once, because that is its limit.
    const handle = (message: ConsumeMessage) => taken(message).catch(() => channel.nack(message));
    its.down = false;
    const names = Array.from({ length: 12 }, (_, n) => `m${n}`);
    await its.circuit.trip();
    for (const name of names) channel.sendToQueue("invoices", Buffer.from(name));
    await expect.poll(() => its.sent.length, { timeout: 30_000 }).toBe(names.length);
    expect([its.sent.sort(), its.asked.length, twice]).toEqual([names.sort(), names.length, []]);
    // A second round, for messages that are here already when the circuit opens.
    await its.circuit.hold("open");
    handled.clear();
    for (const name of names) channel.sendToQueue("invoices", Buffer.from(name));
    await expect.poll(() => paused.paused).toBe(true);
    await expect
      .poll(async () => (await channel.checkQueue("invoices")).consumerCount, { timeout: 20_000 })
      .toBe(0);
    expect(its.sent).toHaveLength(names.length);
    await its.circuit.release();
    await expect.poll(() => its.sent.length, { timeout: 30_000 }).toBe(2 * names.length);
    expect(twice).toEqual([]);
    expect((await channel.checkQueue("dead")).messageCount).toBe(0);
  });
});

test("kafkajs: a topic is paused while the circuit is open, and a waiting message keeps its session alive", async () => {
  const its = backend();
  its.down = false;
  const broker = new KafkaFake(["a", "b", "c", "d"]);
  const consumer: Pick<KafkaConsumer, "pause" | "resume" | "run"> = broker;
  const topics = [{ topic: "invoices" }];
  const paused = pauseWhileOpen(its.circuit, {
    pause: () => consumer.pause(topics),
    resume: () => consumer.resume(topics),
  });
  close.push(() => paused.close());
  const eachMessage = paused.hold(({ message }: EachMessagePayload) => its.send(String(message.value)), {
    keep: ({ heartbeat }) => heartbeat(),
    every: "20ms",
  });
  await its.circuit.hold("open");
  // One was under way already.
  broker.deliverOneMore();
  await consumer.run({ eachMessage });
  await expect.poll(() => broker.heartbeats).toBeGreaterThan(2);
  expect([broker.paused, broker.committed, its.asked]).toEqual([true, [], []]);
  await its.circuit.release();
  await expect.poll(() => broker.committed).toEqual(["a", "b", "c", "d"]);
  expect([its.sent, broker.delivered]).toEqual([["a", "b", "c", "d"], 4]);
});

test("SQS: a loop asks for no messages while the circuit is open and keeps those it has; each is received once", async () => {
  const queue = await startQueueFake(["a", "b", "c", "d", "e", "f"], { visibleAgainMs: 5_000 });
  close.push(() => queue.close());
  const sqs = new SQSClient({
    region: "eu-west-1",
    endpoint: queue.url,
    credentials: { accessKeyId: "x", secretAccessKey: "x" },
  });
  close.push(() => sqs.destroy());
  const its = backend();
  its.down = false;
  const paused = pauseWhileOpen(its.circuit);
  const QueueUrl = `${queue.url}/1/invoices`;
  const handle = paused.hold(
    async ({ Body, ReceiptHandle }: Message) => {
      await its.send(String(Body));
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    },
    {
      keep: ({ ReceiptHandle }) =>
        sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 30 })),
      every: "50ms",
    },
  );
  const loop = (async () => {
    while (await paused.ready()) {
      const asking = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 3, WaitTimeSeconds: 1 });
      const { Messages = [] } = await sqs.send(asking);
      // The circuit opens between the answer and the calls.
      if (queue.received === 3 && its.sent.length === 0) await its.circuit.hold("open");
      await Promise.all(Messages.map((message) => handle(message).catch(() => undefined)));
    }
  })();
  await expect.poll(() => queue.kept, { timeout: 20_000 }).toBeGreaterThan(6);
  expect([queue.received, its.asked]).toEqual([3, []]);
  await its.circuit.release();
  await expect.poll(() => queue.left, { timeout: 20_000 }).toBe(0);
  await paused.close();
  await loop;
  expect([its.sent.sort(), queue.mostReceives]).toEqual([["a", "b", "c", "d", "e", "f"], 1]);
});
