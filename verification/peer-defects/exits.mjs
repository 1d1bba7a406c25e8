// A script that ends while its circuit is open: node verification/peer-defects/exits.mjs LIBRARY
import { load } from "./libraries.mjs";
import { realTime } from "./world.mjs";

const library = await load(process.argv[2]);
const breaker = library.make(realTime, { failures: 1, open: 60_000, timeout: 5_000 });
await breaker.call(async () => Promise.reject(new Error("the backend failed"))).catch(() => {});
await breaker.call(async () => "answer").catch(() => {});
process.send({}, () => process.disconnect());
