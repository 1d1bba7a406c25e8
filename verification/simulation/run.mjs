// A simulated fleet, seed by seed: node verification/simulation/run.mjs [--seeds N] [--seed S] [--library DIR] [--plain]
//
//   --seeds N   how many, from --from (1) on; each is run in one of as many processes as there are cores
//   --seed S    this one alone, with its story; run twice, to show that it is the same
//   --plain     busy fleets of well-behaved callers alone
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { planOf } from "./plan.mjs";
import { shrink } from "./shrink.mjs";
import { simulate } from "./simulate.mjs";

/** Seeds that broke a promise, of plain plans and of others: they run each time. */
const BROKE_ONCE = {
  plain: [50_522, 74_140],
  other: [2_006, 4_444, 7_493, 9_098, 701_274, 701_858, 803_878],
};

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    library: { type: "string", default: fileURLToPath(new URL("../../dist", import.meta.url)) },
    plain: { type: "boolean", default: false },
    field: { type: "boolean", default: false },
    through: { type: "boolean", default: false },
    first: { type: "boolean", default: false },
    part: { type: "string" },
  },
});
const library = await load(values.library);
// The library explains a store in trouble once; here that would be in every second run.
process.on("warning", () => {});
process.removeAllListeners("warning");
let unhandled;
process.on("unhandledRejection", (error) => {
  unhandled = error;
});

if (values.seed !== undefined) {
  await story(Number(values.seed));
  process.exit();
}
if (values.part !== undefined) await part(JSON.parse(values.part));
else await all(Number(values.from), Number(values.seeds));

/** The library, and its health check where that can be loaded. */
async function load(folder) {
  const part = (name) => import(pathToFileURL(resolve(folder, name)).href);
  const core = await part("index.js");
  const { FailfastHealthIndicator } = await part("frameworks/nest.js").catch(() => ({}));
  const isDown = (failfast) =>
    new FailfastHealthIndicator(failfast).check("it", { down: true }).it.status === "down";
  return FailfastHealthIndicator ? { ...core, isDown } : core;
}

function replay(seed, plain) {
  return `npm run sim -- --seed ${seed}${plain ? " --plain" : ""}`;
}

async function once(seed, plain = values.plain) {
  unhandled = undefined;
  const result = await simulate(planOf(seed, plain, values.field), library, values.through);
  if (unhandled !== undefined)
    result.violations.push({ promise: "no rejection is unhandled", what: String(unhandled), at: 0 });
  return result;
}

async function story(seed) {
  const [first, second] = [await once(seed), await once(seed)];
  if (first.hash !== second.hash) console.log(`NOT REPEATABLE: ${first.hash} and ${second.hash}`);
  const [violation] = first.violations;
  if (violation === undefined) {
    console.log(first.trace.join("\n"));
    console.log(`\nseed ${seed}: all promises held (trace ${first.hash})`);
    return;
  }
  const smallest = await shrink(planOf(seed, values.plain), library, violation.promise);
  const { trace, violations } = await simulate(smallest, library);
  const { events: _, skews: __, drifts: ___, ...plan } = smallest;
  console.log(JSON.stringify(plan));
  console.log(trace.join("\n"));
  for (const { promise, what, at } of violations.slice(0, 3))
    console.log(`\nBROKEN at ${(at / 1_000).toFixed(3)} s: ${promise}\n  ${what}`);
  console.log(`\nreplay it: ${replay(seed, values.plain)}`);
  process.exitCode = 1;
}

/** Some of the seeds; the results go to the parent one by one. */
async function part({ from, to, step, also }) {
  const rest = Array.from({ length: Math.ceil((to - from) / step) }, (_, at) => from + at * step);
  for (const [seed, plain] of [...also, ...rest.map((seed) => [seed, values.plain])]) {
    const { violations, stats, seconds } = await once(seed, plain);
    const { processes } = planOf(seed, plain, values.field);
    process.send({ seed, plain, violations: violations.slice(0, 40), stats, seconds, processes });
  }
  // An awaited promise keeps a process alive, and here time may stand still.
  process.send("done", () => process.exit());
}

async function all(from, asked) {
  const { plain, other } = BROKE_ONCE;
  const broke = [...plain.map((seed) => [seed, true]), ...other.map((seed) => [seed, false])];
  const again = values.first ? [] : broke;
  const seeds = asked + again.length;
  const cores = Math.min(availableParallelism(), asked);
  const began = performance.now();
  const broken = [];
  let done = 0;
  let fleetSeconds = 0;
  let processSeconds = 0;
  const sum = {};
  const children = Array.from({ length: cores }, (_, core) => {
    const child = fork(fileURLToPath(import.meta.url), [
      "--library",
      values.library,
      ...(values.plain ? ["--plain"] : []),
      "--part",
      JSON.stringify({ from: from + core, to: from + asked, step: cores, also: core === 0 ? again : [] }),
    ]);
    child.on("message", (message) => {
      if (message === "done") return;
      const { seed, plain, violations, stats, seconds, processes } = message;
      done++;
      fleetSeconds += seconds;
      processSeconds += seconds * processes;
      for (const [name, count] of Object.entries(stats)) sum[name] = (sum[name] ?? 0) + count;
      if (violations.length > 0) {
        broken.push({ seed, plain, ...violations[0] });
        if (values.first) for (const each of children) each.kill();
      }
      if (done % 500 === 0) console.log(`${done} of ${seeds}`);
    });
    return child;
  });
  await Promise.all(children.map((child) => new Promise((ended) => child.once("exit", ended))));
  broken.sort((a, b) => a.seed - b.seed);
  for (const { seed, promise, what } of broken.slice(0, 10)) console.log(`seed ${seed}: ${promise}: ${what}`);
  const hours = `${(fleetSeconds / 3_600).toFixed(1)} fleet-hours (${(processSeconds / 3_600).toFixed(1)} process-hours)`;
  const took = ((performance.now() - began) / 1_000).toFixed(0);
  console.log(`${done} seeds, ${hours} simulated in ${took} s: ${JSON.stringify(sum)}`);
  const stopped = done < seeds && !values.first;
  if (stopped) console.log(`${seeds - done} seeds did not come to an end`);
  console.log(`${done - broken.length} passed, ${broken.length + (stopped ? seeds - done : 0)} failed`);
  if (broken.length > 0) console.log(`\nreplay the first: ${replay(broken[0].seed, broken[0].plain)}`);
  process.exitCode = broken.length > 0 || stopped ? 1 : 0;
}
