// Circuits shared through memcached: MEMCACHED=127.0.0.1:11211 node examples/memcached.mjs
import { promisify } from "node:util";
import { createFailfast } from "failfast";
import { memcachedStore } from "failfast/memcached";
import Memcached from "memcached";

// The client asks a lost server again every second, without an end.
const memcached = new Memcached(process.env.MEMCACHED ?? "127.0.0.1:11211", {
  timeout: 1_000,
  retries: 0,
  retry: 1_000,
  failures: 1e9,
  failuresTimeout: 1_000,
});
const failfast = createFailfast({ store: memcachedStore(memcached, { prefix: "example" }) });
const salesApi = failfast("sales_api", 60);

await salesApi.trip({ reason: "an example" });
const get = promisify(memcached.get.bind(memcached));
console.log(salesApi.state, await get("example:circuit:sales_api"));
await salesApi.reset();
console.log(salesApi.state);
await failfast.close();
memcached.end();
