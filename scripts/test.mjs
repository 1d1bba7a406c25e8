// All checks and tests, one after the other; the last line counts them.
//
//   node scripts/test.mjs          builds, lints, type-checks and runs the unit tests: what `npm test` does
//   node scripts/test.mjs all      everything but what is slow and rarely fails: what `make test` does
//   node scripts/test.mjs verify   what is slow and rarely fails: what `make verify` does
//
// With FAILFAST_TEST_REQUIRE=all, as CI sets it, no test may be skipped, and `all` has a part of `verify` in it.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";

const [mode = "fast"] = process.argv.slice(2);
const required = process.env.FAILFAST_TEST_REQUIRE === "all";
// The Node that package.json asks for, whichever runs this.
const bin = resolve("node_modules/.bin");
const node = join(bin, "node");
const folder = mkdtempSync(join(tmpdir(), "failfast-test-"));
// A temporary folder of this run's own shows what its tests leave there. Servers write to it as other users.
const temporary = join(folder, "tmp");
mkdirSync(temporary);
chmodSync(folder, 0o755);
chmodSync(temporary, 0o1777);
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, TMPDIR: temporary };
const total = { passed: 0, failed: 0, skipped: 0 };
const times = [];
const failures = [];

/** Each is one check; those of `vitest` and `counted` count their own tests. */
const fast = [
  ["build", check, "scripts/build.mjs"],
  ["lint", check, "node_modules/@biomejs/biome/bin/biome", "check", "--diagnostic-level=error", "."],
  ["types", check, "scripts/types.mjs"],
  ["nothing unused", check, "node_modules/knip/bin/knip.js", "--no-progress"],
  ["the public types, as reviewed", check, "scripts/api-report.mjs"],
  ["the code of the documents", check, "scripts/snippets.mjs"],
  ["unit tests", vitest, "unit"],
];
const slower = [
  ["types of users, with TypeScript 5.9, 6 and 7", check, "test/types/run.mjs"],
  ["decorators, standard and legacy", counted, "test/decorators/run.mjs"],
  ["what each entry weighs", check, "scripts/sizes.mjs"],
  ["the packed package", check, "test/package/run.mjs"],
  ["what a call costs, against the baseline", check, "bench/gate.mjs"],
  ["a simulated fleet, 300 seeds", check, "verification/simulation/run.mjs", "--seeds", "300"],
  ["ten thousand values and names, spoilt", check, "verification/fuzz/run.mjs", "--inputs", "10000"],
  ["real servers and processes", vitest, "servers"],
  ["clients of the major before", vitest, "previous"],
  ["tools and runtimes", counted, "test/tools/run.mjs"],
];
const partOfVerify = [
  ["a small model, every order of things", check, "verification/model/run.mjs"],
  ["a fleet in an outage, and what it asks of its store", check, "bench/fleet/run.mjs", "--quick"],
  ["the packed package on Node 20, 22, 24 and 26", check, "test/package/runtimes.mjs"],
];
const verify = [
  ["build", check, "scripts/build.mjs"],
  ["unit tests, all runs of the properties", vitest, "unit", { FAILFAST_TEST_RUNS: "all" }],
  ...partOfVerify,
  ["the model finds deliberate mistakes", check, "verification/model/check-the-model.mjs"],
  ["the simulation finds deliberate mistakes", check, "verification/simulation/check-the-checker.mjs"],
  ["the package under another name", check, "test/package/rename.mjs"],
  ["the documentation site, built", check, "site/build.mjs"],
  ["the documentation site, in a browser", check, "site/check.mjs"],
  ["real servers, what takes long", vitest, "servers-slow"],
  ["tools that take long", counted, "test/tools/run.mjs", "--slow"],
  ["a simulated fleet, 2 000 seeds", check, "verification/simulation/run.mjs", "--seeds", "2000"],
  ["a hundred thousand values and names, spoilt", check, "verification/fuzz/run.mjs", "--inputs", "100000"],
  ["chaos on real stores", check, "verification/chaos/run.mjs", "--quick"],
  ["the chaos finds deliberate mistakes", check, "verification/chaos/check-the-checker.mjs"],
  ["the defects of other circuit breakers", check, "verification/peer-defects/run.mjs"],
  ["a long life, and what stays in memory", check, "--expose-gc", "verification/soak/run.mjs"],
  ["mutants are killed", check, "scripts/mutation.mjs"],
];
const steps = {
  fast,
  all: [...fast, ...slower, ...(required ? partOfVerify : [])],
  verify,
}[mode];
if (steps === undefined) throw new Error(`there is no "${mode}": it is all, verify, or nothing`);

for (const [title, how, ...args] of steps) {
  const began = performance.now();
  console.log(`\n== ${title}`);
  const ok = how(args);
  const seconds = (performance.now() - began) / 1_000;
  times.push([seconds, title]);
  console.log(`-- ${title}: ${ok ? "passed" : "FAILED"} in ${seconds.toFixed(0)} s`);
  if (!ok && title === "build") break;
}
tellWhatTookLongest();
total.failed += leftovers();
rmSync(folder, { recursive: true, force: true });
tellWhatFailed();
if (required && total.skipped > 0) {
  console.log(`\n${total.skipped} tests were skipped, and none may be here`);
  total.failed += total.skipped;
  total.skipped = 0;
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed === 0 ? 0 : 1);

function run(args, more) {
  return spawnSync(node, args, { stdio: "inherit", env: { ...env, ...more } }).status === 0;
}

function check(args) {
  const ok = run(args);
  total[ok ? "passed" : "failed"]++;
  if (!ok) failures.push(args.join(" "));
  return ok;
}

/** Tests that write their own totals. */
function counted(args) {
  const file = join(folder, "counted.json");
  const ok = run([...args, "--report", file]);
  const report = read(file) ?? { passed: 0, failed: 0, skipped: 0 };
  rmSync(file, { force: true });
  failures.push(...(report.failures ?? []));
  return count(report.passed, report.failed, report.skipped, ok);
}

/** A vitest project, counted by its own report. */
function vitest([project, more]) {
  const file = join(folder, "vitest.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile=${file}`];
  const ok = run(["node_modules/vitest/vitest.mjs", "run", "--project", project, ...reporters], more);
  const report = read(file) ?? {};
  rmSync(file, { force: true });
  for (const { name, startTime, endTime, status, message, assertionResults } of report.testResults ?? []) {
    const file = relative(resolve(), name);
    times.push([(endTime - startTime) / 1_000, file]);
    for (const test of assertionResults.filter(({ status }) => status === "failed"))
      failures.push(`${file} > ${test.fullName}\n    ${firstLine(test.failureMessages?.[0])}`);
    if (brokenFile({ status, assertionResults })) failures.push(`${file}\n    ${firstLine(message)}`);
  }
  const failed = (report.numFailedTests ?? 0) + (report.testResults ?? []).filter(brokenFile).length;
  return count(
    report.numPassedTests ?? 0,
    failed,
    (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
    ok,
  );
}

/** A file that failed before it had a test to fail. */
function brokenFile({ status, assertionResults }) {
  return status === "failed" && assertionResults.every((test) => test.status !== "failed");
}

/** Errors outside of any test fail the run and no test: they count as one. */
function count(passed, failed, skipped, ok) {
  total.passed += passed;
  total.skipped += skipped;
  total.failed += failed === 0 && !ok ? 1 : failed;
  if (failed === 0 && !ok) failures.push("an error outside of any test: see above");
  return ok;
}

/** A report, if it was written to its end. */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function tellWhatTookLongest() {
  console.log("\nWhat took longest, in seconds:");
  for (const [seconds, what] of [...times].sort(([a], [b]) => b - a).slice(0, 15))
    console.log(`${seconds.toFixed(0).padStart(6)}  ${what}`);
}

/** Again at the end, where it is found at once. */
function tellWhatFailed() {
  if (failures.length > 0) console.log("\nWhat failed:");
  for (const failure of failures) console.log(`  ${failure}`);
}

function firstLine(text = "") {
  return text.split("\n", 1)[0].slice(0, 300);
}

/** Whatever a test put into the temporary folder it takes away again. Node's own cache may stay. */
function leftovers() {
  const left = readdirSync(temporary).filter((name) => name !== "node-compile-cache");
  if (left.length > 0) console.log(`\nleft in the temporary folder: ${left.join(", ")}`);
  return left.length > 0 ? 1 : 0;
}
