// All checks and tests; the last line counts them.
//
//   node scripts/test.mjs          builds, lints, type-checks and runs the unit tests: what `npm test` does
//   node scripts/test.mjs all      everything but what is slow and rarely fails: what `make test` does
//   node scripts/test.mjs verify   what is slow and rarely fails: what `make verify` does
//
// With --install the servers that are missing are installed first, where that is possible: on Debian, as root.
//
// With FAILFAST_TEST_REQUIRE=all, as CI sets it, no test may be skipped, and `all` has a part of `verify` in it.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { check, counted, fetched, runSteps, vitest } from "./steps.mjs";

const { values, positionals } = parseArgs({
  options: { install: { type: "boolean" } },
  allowPositionals: true,
});
const [mode = "fast"] = positionals;
const required = process.env.FAILFAST_TEST_REQUIRE === "all";

const build = [check("build", ["scripts/build.mjs"])];
const fast = [
  check("lint", ["node_modules/@biomejs/biome/bin/biome", "check", "--diagnostic-level=error", "."]),
  check("types", ["scripts/types.mjs"]),
];
const reviewed = [
  check("no promise is forgotten", ["scripts/promises.mjs"]),
  check("nothing unused", ["node_modules/knip/bin/knip.js", "--no-progress"]),
  check("the public types, as reviewed", ["scripts/api-report.mjs"]),
  check("the code of the documents", ["scripts/snippets.mjs"]),
];
const unit = [vitest("unit tests", "unit*")];
const servers = values.install
  ? [fetched("servers, installed", ["scripts/install-servers.sh"], { program: "sh" })]
  : [];
const tools = [fetched("tools and runtimes, installed", ["test/tools/run.mjs", "--install"])];
const slower = [
  check("the packed package", ["test/package/run.mjs"]),
  counted("decorators, standard and legacy", ["test/decorators/run.mjs"], { cores: 1 }),
  check("what each entry weighs", ["scripts/sizes.mjs"]),
  check("ten thousand values and names, spoilt", ["verification/fuzz/run.mjs", "--inputs", "10000"]),
  check("types of users, with TypeScript 5.9, 6 and 7", ["test/types/run.mjs"], { cores: 2 }),
  check("a simulated fleet, 300 seeds", ["verification/simulation/run.mjs", "--seeds", "300"], { cores: 2 }),
];
const real = [
  check("what a call costs, against the baseline", ["bench/gate.mjs"], { cores: 2 }),
  vitest("real servers and processes", "servers"),
  vitest("clients of the major before", "previous"),
  counted("tools and runtimes", ["test/tools/run.mjs"]),
];
const partOfVerify = [check("the packed package on Node 20, 22, 24 and 26", ["test/package/runtimes.mjs"])];
const verify = [
  vitest("unit tests, all runs of the properties", "unit*", { env: { FAILFAST_TEST_RUNS: "all" } }),
  ...partOfVerify,
  check("a small model, every order of things", ["verification/model/run.mjs"]),
  check("a fleet in an outage, and the load on its store", ["bench/fleet/run.mjs", "--quick"]),
  check("the model finds deliberate mistakes", ["verification/model/check-the-model.mjs"], { cores: 2 }),
  check("the simulation finds deliberate mistakes", ["verification/simulation/check-the-checker.mjs"], {
    cores: 2,
  }),
  check("the package under another name", ["test/package/rename.mjs"], { cores: 2 }),
  check("the documentation site, built", ["site/build.mjs"], { cores: 2 }),
  check("the documentation site, in a browser", ["site/check.mjs"], { cores: 2 }),
  vitest("real servers, what takes long", "servers-slow"),
  counted("tools that take long", ["test/tools/run.mjs", "--slow"]),
  check("a simulated fleet, 2 000 seeds", ["verification/simulation/run.mjs", "--seeds", "2000"], {
    cores: 2,
  }),
  check("a hundred thousand values and names, spoilt", ["verification/fuzz/run.mjs", "--inputs", "100000"], {
    cores: 2,
  }),
  check("chaos on real stores", ["verification/chaos/run.mjs", "--quick"], { cores: 2 }),
  check("the chaos finds deliberate mistakes", ["verification/chaos/check-the-checker.mjs"], { cores: 2 }),
  check("the defects of other circuit breakers", ["verification/peer-defects/run.mjs"], { cores: 2 }),
  check("a long life, and what stays in memory", ["--expose-gc", "verification/soak/run.mjs"], { cores: 2 }),
  check("mutants are killed", ["scripts/mutation.mjs"], { cores: 2 }),
];
const groups = {
  // The unit tests leave the processor idle now and then: the others run beside them.
  fast: [build, [vitest("unit tests", "unit*", { cores: 1 }), ...fast]],
  all: [
    build,
    [...servers, ...tools, ...(required ? partOfVerify : []), ...fast, ...reviewed, ...slower, ...unit],
    real,
  ],
  verify: [build, ...(values.install ? [servers] : []), verify],
}[mode];
if (groups === undefined) throw new Error(`there is no "${mode}": it is all, verify, or nothing`);

// The Node that package.json asks for, whichever Node runs this.
const bin = resolve("node_modules/.bin");
const folder = mkdtempSync(join(tmpdir(), "failfast-test-"));
// A temporary folder for this run shows what its tests leave there. Servers write to it as other users.
const temporary = join(folder, "tmp");
mkdirSync(temporary);
chmodSync(folder, 0o755);
chmodSync(temporary, 0o1777);
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, TMPDIR: temporary };

const total = await runSteps(groups, { node: join(bin, "node"), env, folder });
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

function tellWhatTookLongest() {
  console.log("\nWhat took longest, in seconds:");
  for (const [seconds, what] of total.times.sort(([a], [b]) => b - a).slice(0, 15))
    console.log(`${seconds.toFixed(0).padStart(6)}  ${what}`);
}

/** Again at the end, where it is found at once. */
function tellWhatFailed() {
  if (total.failures.length > 0) console.log("\nWhat failed:");
  for (const failure of total.failures) console.log(`  ${failure}`);
}

/** Every test removes what it put into the temporary folder. Node's own cache may stay. */
function leftovers() {
  const left = readdirSync(temporary).filter((name) => name !== "node-compile-cache");
  if (left.length > 0) console.log(`\nleft in the temporary folder: ${left.join(", ")}`);
  return left.length > 0 ? 1 : 0;
}
