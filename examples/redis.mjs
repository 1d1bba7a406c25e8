// Circuits shared through Redis: REDIS_URL=redis://127.0.0.1:6379 node examples/redis.mjs
import { createFailfast } from "failfast";
import { redisStore } from "failfast/redis";
import { createClient } from "redis";

const client = await createClient({ url: process.env.REDIS_URL })
  .on("error", () => {})
  .connect();
const failfast = createFailfast({ store: redisStore(client, { prefix: "example" }) });
const salesApi = failfast("sales_api", 60);

await salesApi.trip({ reason: "an example" });
console.log(salesApi.state, await client.get("example:circuit:sales_api"));
await salesApi.reset();
console.log(salesApi.state);
await failfast.close();
client.destroy();
