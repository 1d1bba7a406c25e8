import { type Job, Queue, Worker } from "bullmq";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastProcessor } from "../../../src/clients/bullmq.js";
import { createFailfast } from "../../../src/index.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";

const program = requireProgram("redis-server");

describe.skipIf(!program)("failfastProcessor for BullMQ", () => {
  let server: RedisServer;
  let close: (() => Promise<unknown>)[];
  let connection: { host: string; port: number };

  beforeEach(async () => {
    server = await startRedis(program);
    connection = { host: "127.0.0.1", port: server.port };
    close = [];
  });
  afterEach(async () => {
    for (const each of close.reverse()) await each();
    await server.stop();
  });

  const start = (process: (job: Job) => Promise<unknown>): Queue => {
    const queue = new Queue("invoices", { connection });
    const worker = new Worker("invoices", process, {
      connection,
      concurrency: 1,
    });
    queue.on("error", () => undefined);
    worker.on("error", () => undefined);
    close.push(
      () => queue.close(),

      () => worker.close(true),
    );
    return queue;
  };

  test("keeps jobs waiting while the circuit is open, without using up an attempt", async () => {
    const failfast = createFailfast();
    const circuit = failfast("sales_api", "1s");
    let down = true;
    let asked = 0;
    const call = circuit(async () => {
      asked++;
      if (down) throw new Error("down");
      return "done";
    });
    const queue = start(failfastProcessor(call, { jitter: "50ms" }));
    const options = { attempts: 50, backoff: { type: "fixed", delay: 100 } };
    const jobs = await queue.addBulk(["a", "b", "c"].map((name) => ({ name, data: {}, opts: options })));
    await expect.poll(() => queue.getDelayedCount(), { timeout: 30_000 }).toBe(3);
    down = false;
    await expect.poll(() => queue.getCompletedCount(), { timeout: 30_000 }).toBe(3);
    const made = await Promise.all(
      jobs.map(async ({ id }) => (await queue.getJob(id as string))?.attemptsMade ?? 0),
    );
    // Each attempt was a call that was made, and no rejected call used one up.
    expect(made.reduce((sum, each) => sum + each)).toBe(asked);
    expect(await queue.getFailedCount()).toBe(0);
  });

  test("delays the job for a wrapped rejection, and fails it for any other error", async () => {
    const failfast = createFailfast();
    const circuit = failfast("sales_api", "1s");
    await circuit.trip();
    const errors: Record<string, () => Promise<unknown>> = {
      wrapped: () =>
        circuit
          .run(() => "done")
          .catch((cause: unknown) => {
            throw new TypeError("fetch failed", { cause });
          }),
      broken: () => Promise.reject(new Error("the job's own")),
    };
    const queue = start(failfastProcessor((job: Job) => (errors[job.name] as () => Promise<unknown>)()));
    const wrapped = await queue.add("wrapped", {});
    const broken = await queue.add("broken", {});
    await expect.poll(() => queue.getFailedCount(), { timeout: 30_000 }).toBe(1);
    expect((await queue.getJob(broken.id as string))?.failedReason).toBe("the job's own");
    await expect.poll(() => queue.getCompletedCount(), { timeout: 30_000 }).toBe(1);
    expect((await queue.getJob(wrapped.id as string))?.attemptsMade).toBe(1);
  });
});

test("refuses anything but a function, and a wrong time, when it is created", () => {
  expect(() => failfastProcessor(1 as never)).toThrow(TypeError);
  expect(() => failfastProcessor(async () => 1, { jitter: -1 })).toThrow(RangeError);
});
