// Prints the state that the Python service causes, and closes the circuit for both when the backend works again.
import { createFailfast } from "failfast";
import { djangoCacheStore, djangoRedis } from "failfast/django";
import { redisStore } from "failfast/redis";
import { createClient } from "redis";

const client = createClient({ url: process.env.REDIS_URL }).on("error", () => {});
await client.connect();
const records = redisStore(client, { prefix: "shop" });
const failfast = createFailfast({ store: djangoCacheStore(djangoRedis(client), { records }) });
const salesApi = failfast("sales_api", 60);
await failfast.ready();

salesApi.on("open", ({ by }) => console.log(`open: ${by}`));
salesApi.on("close", () => console.log("closed"));
console.log(`sales_api is ${salesApi.state}`);
const watching = setInterval(() => {}, 1_000);
process.once("SIGTERM", async () => {
  clearInterval(watching);
  await salesApi.reset({ reason: "the backend is well again" });
  await failfast.close();
  client.destroy();
});
