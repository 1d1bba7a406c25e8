// One case in one process: interleaved rounds of the bare call and the case, and the bytes of a call.
import { cases } from "./cases.mjs";

const [name, rounds] = process.argv.slice(2);
const { bare, make, sync, throws } = cases[name];
const guarded = await make();

// Loops compiled apart, so that neither call's types reach the other's. Who is rejected catches it right there.
const once = throws ? "try { x = await call(i); } catch (error) { x = error; }" : "x = await call(i);";
const body = sync
  ? "let x = 0; for (let i = 0; i < n; i++) x = call(i); return x;"
  : `return (async () => { let x; for (let i = 0; i < n; i++) { ${once} } return x; })();`;
const loop = () => new Function("call", "n", body);
const [bareLoop, guardedLoop] = [loop(), loop()];

async function time(run, call, n) {
  gc();
  await new Promise((resolve) => setImmediate(resolve));
  const began = process.hrtime.bigint();
  await run(call, n);
  return Number(process.hrtime.bigint() - began) / n;
}

/** How many calls take some 15 ms. */
async function calibrate(run, call) {
  await time(run, call, 20_000);
  const each = await time(run, call, 20_000);
  return Math.max(1_000, Math.floor(15e6 / each));
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
  gc();
  const before = process.memoryUsage().heapUsed;
  await run(call, 20_000);
  return (process.memoryUsage().heapUsed - before) / 20_000;
}
process.send({ ...results, bytes: await bytes(guardedLoop, guarded) });
