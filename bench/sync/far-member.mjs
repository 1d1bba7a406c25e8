// A process of the fleet: it executes its commands one after the other.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "redis";

const [url, delayMs, folder] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(resolve(folder, "dist", file)).href);
const { createFailfast, isFailfastError } = await load("index.js");
const { redisStore } = await load("stores/redis.js");

const later = (ms) => new Promise((done) => setTimeout(done, ms));
const client = await createClient({ url })
  .on("error", () => {})
  .connect();
const near = redisStore(client);
const counts = { probes: 0, swaps: 0, downs: 0 };
const half = Number(delayMs) / 2;
const far =
  (verb) =>
  async (...args) => {
    await later(half);
    const answer = await near[verb](...args);
    if (verb === "swap" && answer.ok) counts.swaps++;
    await later(half);
    return answer;
  };
const store = {
  ...Object.fromEntries(["get", "set", "delete", "swap", "list"].map((verb) => [verb, far(verb)])),
  async watch(prefix, on) {
    await later(half);
    return await near.watch(prefix, {
      change: (entry) => setTimeout(() => on.change(entry), half),
      gap: () => on.gap(),
    });
  },
};

const failfast = createFailfast({ store });
failfast.on("store-down", () => counts.downs++);
const circuit = failfast("x", 3);

async function call(fails) {
  try {
    await circuit.run(() => {
      if (circuit.state === "half-open") counts.probes++;
      if (fails) throw new Error("the backend is down");
    });
    return "served";
  } catch (error) {
    return isFailfastError(error) ? "rejected" : "failed";
  }
}

const DO = {
  ready: () => failfast.ready(),
  fail: () => call(true),
  async open() {
    while (circuit.state !== "open") await later(5);
  },
  /** How many calls were rejected after the open time, until one was served. */
  async served() {
    let rejected = 0;
    while ((await call(false)) !== "served") {
      if (circuit.state !== "open") rejected++;
      await later(100);
    }
    return rejected;
  },
  reset: () => circuit.reset(),
  counts: () => counts,
};

process.on("message", async (what) => process.send((await DO[what]()) ?? "done"));
