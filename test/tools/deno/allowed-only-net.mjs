// Run with no permission but for the network: nothing of the environment, the system or files may be read.
import { createFailfast, FailfastError, failfast, memoryStore } from "failfast";
import { failfastFetch } from "failfast/fetch";

const assert = (condition, what) => {
  if (!condition) throw new Error(what);
};
const server = Deno.serve(
  { port: 0, hostname: "127.0.0.1", onListen() {} },
  () => new Response("down", { status: 503 }),
);
const url = `http://127.0.0.1:${server.addr.port}/`;

const guarded = failfastFetch({ name: () => "sales_api", timeout: 60, exceptions: () => true, threshold: 1 });
assert((await guarded(url)).status === 503, "the answer of the backend");

const salesApi = failfast("sales_database", 60);
const down = async () => {
  throw new Error("down");
};
await salesApi.run(down).catch(() => {});
const rejected = await salesApi.run(down).catch((error) => error);
assert(rejected instanceof FailfastError && rejected.status === 503, `rejected: ${rejected}`);

const store = memoryStore();
const [here, there] = [createFailfast({ store }), createFailfast({ store })];
await here("shared", 60)
  .run(down)
  .catch(() => {});
await there.ready();
assert(
  (await there("shared", 60)
    .run(down)
    .catch((error) => error)) instanceof FailfastError,
  "shared",
);
assert(there("shared").snapshot().name === "shared", "a snapshot");
for (const each of [here, there]) await each.close();
await server.shutdown();
console.log("fine");
