// Watches, writes, waits for a line on stdin, then closes its own client and must end by itself. Arguments: the
// library, the URL of Redis.
import { Redis } from "ioredis";
import { Redis as Valkey } from "iovalkey";
import { createClient } from "redis";
import { redisStore } from "../../../dist/stores/redis.js";

const [library, url] = process.argv.slice(2);

// None of its own timers may keep the process alive.
const settings = { lazyConnect: true, retryStrategy: null, disconnectTimeout: 1 };
const open = {
  ioredis: () => new Redis(url, settings),
  iovalkey: () => new Valkey(url, settings),
  "node-redis": () => createClient({ url, socket: { reconnectStrategy: false } }),
};
const client = open[library]();
client.on("error", () => {});
await client.connect();

const store = redisStore(client);
await store.watch("", { change: () => console.log("change"), gap: () => console.log("gap") });
await store.swap("a", null, "1", 60_000);

process.stdin.once("data", () => {
  process.stdin.destroy();
  if ("disconnect" in client) client.disconnect();
  else client.destroy();
  console.log("closed");
});
