// A store from the environment: FAILFAST_STORE=redis://127.0.0.1:6379 node examples/url.mjs
import { createFailfast } from "failfast";
import { storeFrom } from "failfast/url";

const store = await storeFrom();
await store.migrate();
const failfast = createFailfast({ store });
const salesApi = failfast("sales_api", 60);

await salesApi.trip({ reason: "an example" });
console.log(salesApi.state, await store.get("circuit:sales_api"));
await salesApi.reset();
console.log(salesApi.state);
await failfast.close();
await store.close();
