// Defects that circuit breakers have had, tried on each of them: npm run torture [-- --only LIBRARY] [-- --write]
//
//   --only NAME   this library alone
//   --write       docs/torture.md anew, from this run
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CASES } from "./cases.mjs";
import { documentOf } from "./document.mjs";
import { LIBRARIES } from "./libraries.mjs";
import { installPeers } from "./peers.mjs";

const { values } = parseArgs({
  options: { only: { type: "string" }, write: { type: "boolean", default: false } },
});
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const BESIDE_OUR_LOCK = ["failfast", "opossum", "cockatiel"];

/** The result of each case on one library. */
export function torture(name, peers) {
  return new Promise((resolve, reject) => {
    const child = fork(here("child.mjs"), [name], {
      env: { ...process.env, TORTURE_PEERS: peers?.folder ?? "" },
    });
    let said;
    child.on("message", (message) => {
      said = message;
    });
    child.on("exit", (code) => (said ? resolve(said) : reject(new Error(`${name} ended with ${code}`))));
  });
}

const wanted = values.only ? [values.only] : LIBRARIES;
const peers = wanted.some((name) => !BESIDE_OUR_LOCK.includes(name)) ? installPeers() : undefined;
const runs = {};
for (const name of wanted) {
  if (!BESIDE_OUR_LOCK.includes(name) && !peers.installed.includes(name)) continue;
  runs[name] = await torture(name, peers);
}
peers?.remove();

const MARK = { pass: "pass", fail: "FAIL", "with a setting": "set", "not offered": "-" };
console.log(
  `\n${"".padEnd(92)}${Object.keys(runs)
    .map((name) => name.slice(0, 10).padStart(11))
    .join("")}`,
);
for (const [about, cases] of Object.entries(CASES)) {
  console.log(`\n${about}`);
  for (const { name } of cases) {
    const ends = Object.values(runs).map(({ results }) => results[`${about}: ${name}`]);
    console.log(`  ${name.padEnd(90)}${ends.map(({ end }) => MARK[end].padStart(11)).join("")}`);
    for (const [at, { end, note }] of ends.entries())
      if (note !== undefined && end !== "not offered") console.log(`      ${Object.keys(runs)[at]}: ${note}`);
  }
}
console.log("");
for (const line of peers?.skipped ?? []) console.log(`skipped: ${line}`);
for (const [name, { version, results }] of Object.entries(runs)) {
  const count = (end) => Object.values(results).filter((result) => result.end === end).length;
  console.log(
    `${name} ${version}: ${count("pass")} pass, ${count("with a setting")} with a setting, ${count("fail")} fail, ${count("not offered")} not offered`,
  );
}
if (values.write) writeFileSync(here("../../docs/torture.md"), documentOf(runs, peers?.skipped ?? []));
const failed = Object.values(runs.failfast?.results ?? {}).filter(({ end }) => end !== "pass");
process.exitCode = failed.length > 0 ? 1 : 0;
