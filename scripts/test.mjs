// All checks and all tests, one after the other. The last line counts them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const required = process.env.FAILFAST_TEST_REQUIRE === "all";
const folder = mkdtempSync(join(tmpdir(), "failfast-test-"));
const total = { passed: 0, failed: 0, skipped: 0 };

function run(title, command, args) {
  console.log(`\n== ${title}`);
  const began = performance.now();
  const ok = spawnSync(command, args, { stdio: "inherit" }).status === 0;
  console.log(
    `-- ${title}: ${ok ? "passed" : "FAILED"} in ${Math.round((performance.now() - began) / 1_000)} s`,
  );
  return ok;
}

/** A step that is one check. */
function check(title, args) {
  const ok = run(title, process.execPath, args);
  total[ok ? "passed" : "failed"]++;
  return ok;
}

/** Tests that write their own totals. */
function counted(title, file) {
  const path = join(folder, "counted.json");
  rmSync(path, { force: true });
  const ok = run(title, process.execPath, [file, "--report", path]);
  const report = read(path) ?? { passed: 0, failed: 0, skipped: 0 };
  total.passed += report.passed;
  total.skipped += report.skipped;
  total.failed += report.failed === 0 && !ok ? 1 : report.failed;
}

/** A report, if it was written to its end. */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** A vitest project, counted by its own report. */
function vitest(project) {
  const file = join(folder, `${project}.json`);
  const args = [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
  ];
  const ok = run(`tests: ${project}`, process.execPath, [...args, `--outputFile=${file}`]);
  const report = read(file) ?? {};
  const failed = (report.numFailedTests ?? 0) + (report.testResults ?? []).filter(brokenFile).length;
  total.passed += report.numPassedTests ?? 0;
  total.skipped += (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
  // Errors outside of any test fail the run and no test.
  total.failed += failed === 0 && !ok ? 1 : failed;
}

/** A file that failed before it had a test to fail. */
const brokenFile = ({ status, assertionResults }) =>
  status === "failed" && assertionResults.every((test) => test.status !== "failed");

const built = check("build", ["scripts/build.mjs"]);
check("lint", ["node_modules/@biomejs/biome/bin/biome", "check", "--diagnostic-level=error", "."]);
if (built) {
  check("types", ["scripts/types.mjs"]);
  check("types of users, with TypeScript 5.9, 6 and 7", ["test/types/run.mjs"]);
  counted("decorators, standard and legacy", "test/decorators/run.mjs");
  check("the packed tarball", ["test/package/run.mjs"]);
  vitest("unit");
  check("what a call costs, against the baseline", ["bench/gate.mjs"]);
  check("a simulated fleet, 2 000 seeds", ["verification/simulation/run.mjs", "--seeds", "2000"]);
  check("the simulation finds deliberate mistakes", ["verification/simulation/check-the-checker.mjs"]);
  check("a hundred thousand values and names, spoilt", ["verification/fuzz/run.mjs", "--inputs", "100000"]);
  check("a small model, every order of things", ["verification/model/run.mjs"]);
  check("the model finds deliberate mistakes", ["verification/model/check-the-model.mjs"]);
  check("a fleet in an outage, and what it asks of its store", ["bench/fleet/run.mjs", "--quick"]);
  vitest("servers");
  check("chaos on real stores, the quick part", ["verification/chaos/run.mjs", "--quick"]);
}
rmSync(folder, { recursive: true, force: true });
if (required && total.skipped > 0) {
  console.log(`\n${total.skipped} tests were skipped, and none may be here`);
  total.failed += total.skipped;
  total.skipped = 0;
}
console.log("");
console.log(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`,
);
process.exit(total.failed === 0 ? 0 : 1);
