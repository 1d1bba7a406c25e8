// Circuits in a cache of the application, here Keyv: node examples/cache.mjs
import { createFailfast } from "failfast";
import { cacheStore } from "failfast/cache";
import { Keyv } from "keyv";

// In a fleet: new Keyv({ store: new KeyvRedis(url), throwOnErrors: true }).
const keyv = new Keyv();
const failfast = createFailfast({ store: cacheStore(keyv, { prefix: "example" }) });
const salesApi = failfast("sales_api", 60);

await salesApi.trip({ reason: "an example" });
console.log(salesApi.state, await keyv.get("example:circuit:sales_api"));
await salesApi.reset();
console.log(salesApi.state);
await failfast.close();
