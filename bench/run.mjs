// All measurements, as one table of ratios. `--quick`: fewer rounds. `--only TEXT`: cases whose name has it.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createFailfast, memoryStore } from "failfast";
import { cases } from "./cases.mjs";
import { sizes } from "./size.mjs";

const quick = process.argv.includes("--quick");
const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : "";
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

async function inChild(file, args) {
  const child = fork(here(file), args, {
    execArgv: ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"],
  });
  const [message] = await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`${file} ended with ${code}`))),
  ]);
  child.disconnect();
  return message;
}

const quantile = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)];
const verdict = (value, budget) =>
  budget === undefined ? "" : value <= budget ? `met (${budget})` : `missed: ${budget}`;
const row = (...cells) =>
  console.log(
    cells
      .map((cell, at) => (at === 0 ? String(cell).padEnd(36) : String(cell).padStart(at === 3 ? 16 : 12)))
      .join(" "),
  );

console.log(`Node ${process.version}; ratios to the bare call of the same round, medians\n`);
row("case", "ns a call", "x bare", "p10..p90", "bytes", "budget");
for (const name of Object.keys(cases).filter((each) => each.includes(only))) {
  const { guarded, ratio, bytes } = await inChild("child.mjs", [name, quick ? 9 : 31]);
  const spread = `${quantile(ratio, 0.1).toFixed(2)}..${quantile(ratio, 0.9).toFixed(2)}`;
  const median = quantile(ratio, 0.5);
  row(
    name,
    quantile(guarded, 0.5).toFixed(1),
    median.toFixed(2),
    spread,
    Math.round(bytes),
    verdict(Number(median.toFixed(2)), cases[name].budget),
  );
}

if (only === "") {
  console.log("");
  row("heap of a closed circuit, used once", "bytes", "timers", "", "", "budget");
  const memory = await inChild("memory.mjs", []);
  for (const [key, title, budget] of [
    ["named", "one of a function's names", 400],
    ["handle", "with its handle and wrapper", 1_000],
    ["cockatiel", "cockatiel", undefined],
  ]) {
    row(title, Math.round(memory[key].bytes), memory[key].timers, "", "", verdict(memory[key].bytes, budget));
  }

  console.log("");
  row("size", "minified", "gzipped", "", "", "budget");
  for (const { name, minified, gzipped, budget } of await sizes())
    row(name, minified, gzipped, "", "", verdict(gzipped, budget));

  console.log("");
  const operations = await countOperations(quick ? 100_000 : 1_000_000);
  row("store operations, polls apart", "successes", "rejections");
  row(`${operations.calls} calls each`, operations.successes, operations.rejections);
}

async function countOperations(calls) {
  let count = 0;
  const inner = memoryStore();
  const store = { ...inner, set: counted("set"), delete: counted("delete"), swap: counted("swap") };
  function counted(verb) {
    return (...args) => {
      count++;
      return inner[verb](...args);
    };
  }
  const circuit = createFailfast({ store })("counted", 3_600);
  const call = circuit(async () => 1);
  for (let i = 0; i < calls; i++) await call();
  const successes = count;
  await circuit.trip();
  count = 0;
  for (let i = 0; i < calls; i++) await call().catch(() => undefined);
  return { calls, successes, rejections: count };
}
