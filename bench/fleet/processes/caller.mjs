// One process of a hundred: calls a backend over HTTP at a steady rate, through circuits that all processes share over
// Redis.
import { Agent, get } from "node:http";
import { createFailfast, isFailfastError } from "failfast";
import { redisStore } from "failfast/redis";
import { createClient } from "redis";

const { redis, backend, host, open, everyMs, ways } = JSON.parse(process.argv[2]);
const agent = new Agent({ keepAlive: true });
const client = createClient({ url: redis });
client.on("error", () => {});
await client.connect();
const failfast = createFailfast({ store: redisStore(client), host });
const circuits = ways.map((options, way) => failfast(`backend ${way}`, open, options));

failfast.on("open", ({ circuit }) =>
  process.send({ opened: circuit, at: process.hrtime.bigint().toString() }),
);

const answer = (signal) =>
  new Promise((resolve, reject) => {
    const request = get(backend, { agent, signal }, (response) => response.resume().once("end", resolve));
    request.once("error", reject);
  });

let counts;
const clear = () => {
  counts = { served: 0, rejected: 0, failed: 0, took: [] };
};

async function call(circuit) {
  const began = performance.now();
  try {
    await circuit.run(answer);
    counts.served++;
    counts.took.push(performance.now() - began);
  } catch (error) {
    counts[isFailfastError(error) ? "rejected" : "failed"]++;
  }
}

let calling;
const orders = {
  /** From a random moment within the first interval on, through the circuit with the given options. */
  begin({ way }) {
    clearInterval(calling);
    clear();
    setTimeout(() => {
      calling = setInterval(call, everyMs, circuits[way]);
    }, Math.random() * everyMs);
  },
  look({ way }) {
    process.send({ ...counts, state: circuits[way].state });
    clear();
  },
};
process.on("disconnect", () => process.exit());
process.on("message", ({ order, ...rest }) => orders[order](rest));
clear();
await failfast.ready();
process.send("ready");
