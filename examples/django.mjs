// Circuits shared with Python services, through Django's cache in Redis: REDIS_URL=redis://127.0.0.1:6379/1 node examples/django.mjs
import { createFailfast } from "failfast";
import { djangoCacheStore, djangoRedis } from "failfast/django";
import { redisStore } from "failfast/redis";
import { createClient } from "redis";

const client = await createClient({ url: process.env.REDIS_URL })
  .on("error", () => {})
  .connect();
const store = djangoCacheStore(djangoRedis(client), { records: redisStore(client, { prefix: "example" }) });
const failfast = createFailfast({ store });
const salesApi = failfast("sales_api", 60);
await failfast.ready();

// After a failed call here, Python's failfast finds this value, and raises FailfastException.
await salesApi.trip({ reason: "an example" });
console.log(
  "here it is",
  salesApi.state,
  "and Python finds",
  (await client.get(":1:sales_api"))?.length,
  "digits",
);
await salesApi.reset();
console.log("here it is", salesApi.state, "and Python finds", await client.get(":1:sales_api"));

// After a failed call in Python, Python's failfast writes this value: cache.set("sales_api", True, 300).
await client.set(":1:sales_api", Buffer.from("\x80\x05\x88.", "latin1"), { EX: 300 });
await new Promise((opened) => {
  salesApi.on("open", ({ by, retryAfterMs }) => {
    console.log(`${by} opened it for ${Math.round(retryAfterMs / 60_000)} minutes`);
    opened();
  });
});
await salesApi.reset();
await failfast.close();
client.destroy();
