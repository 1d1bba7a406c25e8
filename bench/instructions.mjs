// The instructions of a call, with the compilers at work, as ratios to those of the bare call: what is left of the
// times on a machine with others on it. node bench/instructions.mjs [--report FILE]; needs valgrind
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hasValgrind, instructions, ofEach } from "./callgrind.mjs";
import { against, Report } from "./table.mjs";

const CALLS = [30_000, 60_000];
/** The compilers do not start at quite the same moment each time: the median of several runs. */
const TIMES = 3;
const BARE = { value: "the bare call", failing: "the bare failing call" };
const GROUPS = {
  [BARE.value]: [
    "limit: one derived promise",
    "closed, async",
    "closed, async, shared store",
    "closed, async, named by argument",
    "closed, rate window",
    "closed, rate window and slow calls",
    "closed: cockatiel, consecutive",
    "closed: cockatiel, sampling",
    "limit: a fresh error, rejected",
    "open, rejection",
    "open, rejection: cockatiel",
  ],
  [BARE.failing]: [
    "limit: failing, one derived promise",
    "failing, held closed",
    "failing, counted",
    "failing: cockatiel",
  ],
};

if (process.argv[3] !== undefined && !process.argv[2].startsWith("--")) await one(...process.argv.slice(2));
else await all();

async function one(name, calls) {
  // The number of a library's own timers would depend on how long it takes.
  globalThis.setTimeout = () => ({ unref() {} });
  const { cases, value, failing } = await import("./cases.mjs");
  const bare = { [BARE.value]: value, [BARE.failing]: failing }[name];
  const call = bare ?? (await cases[name].make());
  const body =
    "return (async () => { let x; for (let i = 0; i < n; i++) { try { x = await call(i); } catch (e) { x = e; } } })();";
  await new Function("call", "n", body)(call, Number(calls));
  process.exit();
}

async function all() {
  const { values } = parseArgs({ options: { report: { type: "string" } } });
  if (!hasValgrind()) throw new Error("valgrind is not installed");
  const { cases } = await import("./cases.mjs");
  const names = Object.entries(GROUPS).flatMap(([bare, group]) => [bare, ...group]);
  const counts = await ofEach(names, async (name) => {
    const counted = [];
    for (let time = 0; time < TIMES; time++)
      counted.push(await instructions(new URL(import.meta.url), name, CALLS, []));
    return counted.sort((a, b) => a - b)[(TIMES - 1) / 2];
  });
  const report = new Report();
  for (const [bare, group] of Object.entries(GROUPS)) {
    report.table(`Instructions, against ${bare}`, "case", "a call", "x bare", "budget");
    report.row(bare, counts[bare], "1.00", "");
    for (const name of group) {
      const ratio = Number((counts[name] / counts[bare]).toFixed(2));
      report.row(name, counts[name], ratio.toFixed(2), against(ratio, cases[name].budget));
    }
  }
  if (values.report !== undefined)
    writeFileSync(fileURLToPath(new URL(`../${values.report}`, import.meta.url)), report.markdown);
}
