// One case in one process: interleaved rounds of the bare call and the case, and the bytes of a call.
//   node bench/child.mjs CASE ROUNDS [serial|in-flight|async-local-storage|async-hooks]
import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { cases } from "./cases.mjs";

const IN_FLIGHT = 64;
const [name, rounds, mode = "serial"] = process.argv.slice(2);
const { bare, make, sync, throws, few } = cases[name];
const guarded = await make();

// Loops compiled apart, so that the types of one call do not reach the other. A rejection is caught at once.
const once = throws ? "try { x = await call(i); } catch (error) { x = error; }" : "x = await call(i);";
const bodies = {
  sync: "let x = 0; for (let i = 0; i < n; i++) x = call(i); return x;",
  serial: `return (async () => { let x; for (let i = 0; i < n; i++) { ${once} } return x; })();`,
  "in-flight": `return (async () => {
    const flight = new Array(${IN_FLIGHT});
    for (let i = 0; i < n; i += ${IN_FLIGHT}) {
      for (let at = 0; at < ${IN_FLIGHT}; at++) flight[at] = call(i);
      await Promise.all(flight);
    }
  })();`,
};
const body = sync ? bodies.sync : mode === "in-flight" ? bodies["in-flight"] : bodies.serial;
const loop = () => new Function("call", "n", body);
const [bareLoop, guardedLoop] = [loop(), loop()];
// Features that APM agents and request contexts switch on.
if (mode === "async-hooks") createHook({ init() {}, before() {}, after() {}, destroy() {} }).enable();
const within =
  mode === "async-local-storage"
    ? (
        (storage) => (run) =>
          storage.run({ request: 1 }, run)
      )(new AsyncLocalStorage())
    : (run) => run();

/** ns of CPU time of a call, because on a busy machine elapsed time includes other work. */
async function time(run, call, n) {
  gc();
  await new Promise((resolve) => setImmediate(resolve));
  const began = process.cpuUsage();
  await within(() => run(call, n));
  const { user, system } = process.cpuUsage(began);
  return ((user + system) * 1_000) / n;
}

/** How many calls take some 15 ms. */
async function calibrate(run, call) {
  const warm = few ? 500 : 20_000;
  await time(run, call, warm);
  const each = await time(run, call, warm);
  return Math.ceil(Math.max(few ? 100 : 1_000, 15e6 / each) / IN_FLIGHT) * IN_FLIGHT;
}

const [bareN, guardedN] = [await calibrate(bareLoop, bare), await calibrate(guardedLoop, guarded)];
const results = { bare: [], guarded: [], ratio: [] };
for (let round = 0; round < Number(rounds); round++) {
  const first = await time(bareLoop, bare, bareN);
  const second = await time(guardedLoop, guarded, guardedN);
  results.bare.push(first);
  results.guarded.push(second);
  results.ratio.push(second / first);
}

async function bytes(run, call) {
  const n = few ? 500 : 20_000;
  gc();
  const before = process.memoryUsage().heapUsed;
  await run(call, n);
  return (process.memoryUsage().heapUsed - before) / n;
}
process.send({ ...results, bytes: await bytes(guardedLoop, guarded) });
