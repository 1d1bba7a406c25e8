// The store of a worker, from an address, with its operations counted: polls apart from the rest.
import { fileStore } from "failfast/file";

const POLLS = ["list", "get", "watch"];

export async function openStore(address) {
  const { store, end } = address.startsWith("redis")
    ? await openRedis(address)
    : { store: fileStore(address.slice("file:".length)), end() {} };
  const operations = { polls: 0, writes: 0 };
  const counted = {};
  for (const verb of ["get", "set", "delete", "swap", "list", "watch"]) {
    counted[verb] = (...args) => {
      operations[POLLS.includes(verb) ? "polls" : "writes"]++;
      return store[verb](...args);
    };
  }
  return { store: counted, operations, end };
}

async function openRedis(address) {
  const { redisStore } = await import("failfast/redis");
  const { createClient } = await import("redis");
  const url = new URL(address);
  const prefix = url.searchParams.get("prefix") ?? "failfast-demo";
  url.search = "";
  const client = createClient({ url: url.href, socket: { connectTimeout: 2_000 } });
  client.on("error", () => {});
  await client.connect();
  return { store: redisStore(client, { prefix }), end: () => client.destroy() };
}
