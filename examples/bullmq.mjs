// While the backend is down, jobs wait and use up no attempt: REDIS_URL=redis://127.0.0.1:6379 node examples/bullmq.mjs
import { Queue, Worker } from "bullmq";
import { failfast } from "failfast";
import { failfastProcessor } from "failfast/bullmq";

const { hostname: host, port } = new URL(process.env.REDIS_URL ?? "redis://127.0.0.1:6379");
const connection = { host, port: Number(port) };

let asked = 0;
const salesApi = failfast("sales_api", "1s");
const send = salesApi(async (job) => {
  if (++asked === 1) throw new Error("the sales API is down");
  return `sent ${job.data.customer}`;
});
const worker = new Worker("invoices", failfastProcessor(send), { connection });

const queue = new Queue("invoices", { connection });
const options = { attempts: 2, backoff: { type: "fixed", delay: 1_500 } };
for (const customer of ["ann", "bob", "cleo"]) await queue.add("invoice", { customer }, options);

const done = [];
await new Promise((all) => {
  worker.on("completed", (job) => {
    done.push(job);
    if (done.length === 3) all();
  });
});
const attempts = done.map(({ data, attemptsMade }) => `${data.customer}: ${attemptsMade}`).sort();
console.log(`attempts made: ${attempts.join(", ")}`);
await worker.close();
await queue.close();
