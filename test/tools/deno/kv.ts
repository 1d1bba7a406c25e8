// The store contract on Deno KV, polled and pushed, and a fleet of two with a connection each. Prints what failed, as
// JSON.
import { createFailfast } from "failfast";
import { denoKvStore } from "failfast/deno-kv";
import { storeContract } from "failfast/testing";

const file = Deno.args[0];
const kv = await Deno.openKv(file);
const failed: string[] = [];
const makeStore = (push: boolean) => () => denoKvStore(kv, { push });
const left = [
  ...storeContract(makeStore(false), { verbs: ["swap", "list"] }),
  ...storeContract(makeStore(true)),
];
const cases = left.length;
const oneAfterAnother = async () => {
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const { name, run } = next;
    await run().catch((error) => failed.push(`${name}: ${error.message}`));
  }
};
await Promise.all(Array.from({ length: 4 }, oneAfterAnother));

const other = await Deno.openKv(file);
const [here, there] = [kv, other].map((each) => createFailfast({ store: denoKvStore(each, { push: true }) }));
const opened = new Promise((done) => there("sales_api", 60).on("open", done));
await there.ready();
const { stored } = await here("sales_api", 60).trip();
await opened;
await Promise.all([here.close(), there.close()]);

// Without push nothing keeps the process alive: it ends by itself.
const polled = createFailfast({ store: denoKvStore(kv) });
await polled.ready();
console.log(JSON.stringify({ cases, failed, stored, state: polled("sales_api", 60).state }));
