// Watches, writes, waits for a line on stdin, then closes its own client and must end by itself.
// Arguments: the library, the URL of Redis.
import { Redis } from "ioredis";
import { createClient } from "redis";
import { redisStore } from "../../../dist/stores/redis.js";

const [library, url] = process.argv.slice(2);

// None of its own timers may be what keeps the process alive.
const client =
  library === "ioredis"
    ? new Redis(url, { lazyConnect: true, retryStrategy: null, disconnectTimeout: 1 })
    : createClient({ url, socket: { reconnectStrategy: false } });
client.on("error", () => {});
await client.connect();

const store = redisStore(client);
await store.watch("", { change: () => console.log("change"), gap: () => console.log("gap") });
await store.swap("a", null, "1", 60_000);

process.stdin.once("data", () => {
  process.stdin.destroy();
  if (library === "ioredis") client.disconnect();
  else client.destroy();
  console.log("closed");
});
