// A fleet in an outage, and the load on its store: npm run bench:fleet [-- --quick] [-- --only STUDY] [-- --write]
//
//   --quick       the same checks on smaller figures, in half a minute; no real stores
//   --only NAME   herd, hang, rare, collapse, retries, prism, race, operations, stores, or processes, which runs only so
//   --size N, --slower N   of processes: how many (100), and all times so many times as long (1)
//   --write       docs/fleet.md and docs/fleet/*.svg anew, from this run; with --only that study's part of them
import { parseArgs } from "node:util";
import { writePage, writeSections } from "./page.mjs";
import { hangStudy } from "./study/hang.mjs";
import { herdStudy } from "./study/herd.mjs";
import { operationsStudy } from "./study/operations.mjs";
import { collapseStudy, retriesStudy } from "./study/overload.mjs";
import { processesStudy } from "./study/processes.mjs";
import { prismStudy, raceStudy } from "./study/protocol.mjs";
import { rareStudy } from "./study/rare.mjs";
import { storesStudy } from "./study/stores.mjs";

const STUDIES = {
  herd: herdStudy,
  hang: hangStudy,
  rare: rareStudy,
  collapse: collapseStudy,
  retries: retriesStudy,
  prism: prismStudy,
  race: raceStudy,
  operations: operationsStudy,
  stores: storesStudy,
  processes: processesStudy,
};
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    size: { type: "string", default: "100" },
    slower: { type: "string", default: "1" },
    write: { type: "boolean", default: false },
  },
});
if (values.write && values.quick) throw new Error("--write takes a whole run, or one study");

const studies = [];
for (const [name, study] of Object.entries(STUDIES)) {
  const isSkipped = name === "processes" || (values.quick && name === "stores");
  if (values.only !== undefined ? name !== values.only : isSkipped) continue;
  const began = performance.now();
  const result = await study(values.quick, { size: Number(values.size), slower: Number(values.slower) });
  studies.push(result);
  console.log(`\n${result.title} (${((performance.now() - began) / 1_000).toFixed(0)} s)\n`);
  const all = [result.columns, ...result.rows].map((row) => row.map(String));
  const widths = result.columns.map((_, at) => Math.max(...all.map((row) => row[at].length)));
  for (const row of all)
    console.log(
      `  ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join("  ")}`,
    );
  console.log("");
  for (const { what, aim, found, met } of result.checks)
    console.log(`  ${met ? "met" : "MISSED"}: ${what}: ${found} (aim: ${aim})`);
}
const missed = studies.flatMap(({ checks }) => checks).filter(({ met }) => !met);
console.log(`\n${missed.length === 0 ? "every aim is met" : `${missed.length} missed`}`);
if (values.write) {
  if (values.only === undefined) writePage(studies);
  else writeSections(studies);
}
process.exitCode = missed.length === 0 ? 0 : 1;
