// What a call costs, counted so that it doesn't depend on how busy or how fast the machine is, against a stored
// baseline:
//
//   node bench/gate.mjs            compares, and fails on 5 % more than the baseline
//   node bench/gate.mjs --write    stores what it measures as the baseline for this version of Node
//
// Instructions: of a call, by valgrind's callgrind with the interpreter alone (`--jitless`), where they repeat to
// within a per cent or so: of a long run less those of a short one, so that start-up cancels out. Bytes: what the heap
// grows by while nothing is collected, with the compilers at work.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hasValgrind, instructions, ofEach } from "./callgrind.mjs";
import { counted } from "./gated.mjs";
import { inChild } from "./measure.mjs";
import { Report } from "./table.mjs";

const TOLERATED = 1.05;
/** Some bytes belong to no call: a collection's book-keeping, a feedback cell. */
const BYTES_OF_NOISE = 8;
const [SHORT, LONG] = [500, 10_500];
const BASELINE = new URL("baseline.json", import.meta.url);
const MAJOR = process.versions.node.split(".")[0];

const report = new Report();
const all = JSON.parse(readFileSync(BASELINE, "utf8"));
const write = process.argv.includes("--write");
const measured = await measureAll();
if (write) {
  writeFileSync(BASELINE, `${JSON.stringify({ ...all, [MAJOR]: measured }, null, 2)}\n`);
  console.log(`baseline of Node ${MAJOR}: ${fileURLToPath(BASELINE)}`);
} else process.exitCode = compare(all[MAJOR]) ? 0 : 1;

async function measureAll() {
  const names = Object.keys(counted);
  const figures = {};
  for (const name of names) figures[name] = { bytes: await bytes(name) };
  if (hasValgrind()) {
    const file = new URL("gated.mjs", import.meta.url);
    const counts = await ofEach(names, (name) => instructions(file, name, [SHORT, LONG], ["--jitless"]));
    for (const name of names) figures[name].instructions = counts[name];
  } else if (process.env.FAILFAST_TEST_REQUIRE === "all")
    throw new Error("valgrind is not installed, and FAILFAST_TEST_REQUIRE asks for it");
  else console.log("skipped: instructions are not counted, for valgrind is not installed");
  return figures;
}

async function bytes(name) {
  return Math.round(await inChild("gated.mjs", [name, "bytes"]));
}

function compare(baseline) {
  if (baseline === undefined) {
    console.log(`there is no baseline for Node ${MAJOR}: see bench/baseline.json`);
    for (const [name, figures] of Object.entries(measured)) console.log(name, figures);
    return true;
  }
  let fine = true;
  report.table("Against the baseline", "a call", "counted", "baseline", "now", "change", "verdict");
  for (const [name, figures] of Object.entries(measured)) {
    for (const [unit, now] of Object.entries(figures)) {
      const was = baseline[name]?.[unit];
      if (was === undefined) continue;
      const allowed = Math.max(was * TOLERATED, unit === "bytes" ? was + BYTES_OF_NOISE : 0);
      fine &&= now <= allowed;
      const change = `${(((now - was) / Math.max(was, 1)) * 100).toFixed(1)} %`;
      report.row(name, unit, was, now, change, now <= allowed ? "kept" : "WORSE");
    }
  }
  return fine;
}
