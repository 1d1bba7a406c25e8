// Circuits shared through Redis over HTTP: UPSTASH_REDIS_REST_URL=… UPSTASH_REDIS_REST_TOKEN=… node examples/upstash.mjs
import { Redis } from "@upstash/redis";
import { createFailfast } from "failfast";
import { upstashStore } from "failfast/upstash";

const redis = Redis.fromEnv({ retry: false, signal: () => AbortSignal.timeout(1_000) });
const failfast = createFailfast({ store: upstashStore(redis, { prefix: "example" }) });
const salesApi = failfast("sales_api", 60);

await salesApi.trip({ reason: "an example" });
console.log(salesApi.state, JSON.stringify(await redis.get("example:circuit:sales_api")));
await salesApi.reset();
console.log(salesApi.state);
await failfast.close();
