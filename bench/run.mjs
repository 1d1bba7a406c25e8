// All measurements, as tables of ratios.
//   --quick          fewer rounds
//   --only TEXT      the cases whose name has it, and nothing else
//   --report FILE    writes the tables as Markdown, too
//   --nodes 22,24    the cases with a budget, under other versions of Node, fetched from the registry
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cases, inOtherModes } from "./cases.mjs";
import { inChild, timed } from "./measure.mjs";
import { countOperations } from "./operations.mjs";
import { rooms, sizes } from "./size.mjs";
import { startup } from "./startup.mjs";
import { against, quantile, Report } from "./table.mjs";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    report: { type: "string" },
    nodes: { type: "string" },
  },
});
const rounds = values.quick ? 9 : 31;
const report = new Report();

report.say(
  `Node ${process.version}, ${availableParallelism()} cores, ${cpus()[0]?.model}. ` +
    `Times are of the CPU; ratios are to the bare call of the same round: medians of ${rounds} rounds. ` +
    `The load average was ${loadavg()[0].toFixed(0)}: above the number of cores, times and ratios vary more.`,
);
if (values.only !== undefined) await calls("calls", (name) => name.includes(values.only));
else await everything();
for (const version of values.nodes?.split(",") ?? []) otherNode(version);
if (values.report !== undefined) {
  mkdirSync(dirname(values.report), { recursive: true });
  writeFileSync(values.report, report.markdown);
}

async function everything() {
  await calls("One call after the other", () => true);
  for (const [mode, title] of [
    ["in-flight", "64 calls in flight"],
    ["async-local-storage", "Inside an AsyncLocalStorage"],
    ["async-hooks", "With async_hooks on"],
  ])
    await calls(title, (name) => inOtherModes.includes(name), mode);
  await memory();
  await sizesOfEntries();
  startTimes();
  await operations();
}

async function calls(title, wanted, mode = "serial") {
  report.table(title, "case", "ns a call", "x bare", "p10..p90", "bytes", "budget");
  for (const name of Object.keys(cases).filter(wanted)) {
    const { guarded, ratio, bytes } = await timed(name, rounds, mode);
    const median = Number(quantile(ratio, 0.5).toFixed(2));
    const spread = `${quantile(ratio, 0.1).toFixed(2)}..${quantile(ratio, 0.9).toFixed(2)}`;
    const budget = mode === "serial" ? cases[name].budget : undefined;
    const cells = [quantile(guarded, 0.5).toFixed(1), median, spread, Math.round(bytes)];
    report.row(name, ...cells, against(median, budget));
  }
}

async function memory() {
  report.table("Heap of 100 000 circuits", "each", "bytes", "timers", "budget");
  const budgets = {
    "used once, one of a function's names": 400,
    "used once, with handle and wrapper": 1_000,
  };
  for (const [title, { bytes, timers }] of Object.entries(await inChild("memory.mjs", [])))
    report.row(title, Math.round(bytes), timers, against(bytes, budgets[title]));
}

async function sizesOfEntries() {
  report.table("Size of each entry, the subpaths without the core", "entry", "minified", "gzipped", "budget");
  for (const { name, minified, gzipped, budget } of await sizes())
    report.row(name, minified, gzipped, against(gzipped, budget));
  const all = await rooms();
  const total = all.reduce((sum, [, bytes]) => sum + bytes, 0);
  report.table("What the core is made of", "folder", "minified", "share");
  for (const [room, bytes] of all) report.row(room, bytes, `${((100 * bytes) / total).toFixed(0)} %`);
}

function startTimes() {
  report.table("Start-up of a process, median", "imports", "ms", "over none");
  for (const { name, ms, over } of startup(values.quick ? 5 : 15))
    report.row(name, ms.toFixed(1), over.toFixed(1));
}

async function operations() {
  const { calls: count, successes, rejections } = await countOperations(values.quick ? 100_000 : 1_000_000);
  report.table("Store operations, polls apart", "calls of each kind", "successes", "rejections");
  report.row(count, successes, rejections);
}

/** The same in another version of Node, whose output goes into the report unchanged. */
function otherNode(version) {
  const self = fileURLToPath(import.meta.url);
  const args = ["exec", "--yes", `--package=node@${version}`, "--", "node", self, "--only", "closed, async"];
  const { stdout, stderr, status } = spawnSync("npm", [...args, ...(values.quick ? ["--quick"] : [])], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`Node ${version}: ${stderr}`);
  report.say(`\n\`\`\`\n${stdout.trim()}\n\`\`\``);
}
