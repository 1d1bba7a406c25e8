// Runs the tests of a checkout of opossum on failfast/opossum: npm run compat:opossum -- PATH [--json]
// They run in a copy of the checkout, first on opossum itself, which tells what tests there are, then on ours.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runTests } from "./tap.mjs";

/** At least this share of the tests that can apply must pass. */
const REQUIRED = 0.85;

const checkout = process.argv[2] && resolve(process.argv[2]);
if (!checkout || !existsSync(join(checkout, "lib/circuit.js"))) {
  console.error(
    "Usage: npm run compat:opossum -- PATH\nPATH is a checkout of https://github.com/nodeshift/opossum.",
  );
  process.exit(2);
}
const built = fileURLToPath(new URL("../../../dist/cjs/opossum/index.js", import.meta.url));
if (!existsSync(built)) {
  console.error("There is no dist/cjs/opossum yet: npm run build");
  process.exit(2);
}
const cannotApply = JSON.parse(readFileSync(new URL("cannot-apply.json", import.meta.url), "utf8"));
const { version, devDependencies } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));

const copy = mkdtempSync(join(tmpdir(), "failfast-opossum-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
const skipped = new Set([".git", "node_modules", "docs", "dist"]);
cpSync(checkout, copy, {
  recursive: true,
  filter: (from) => !skipped.has(basename(from)) || from === checkout,
});
if (existsSync(join(checkout, "node_modules/tape")))
  symlinkSync(join(checkout, "node_modules"), join(copy, "node_modules"));
else installTape(`tape@${devDependencies.tape}`);

const tests = readdirSync(join(copy, "test"))
  .filter((file) => file.endsWith(".js") && file !== "common.js")
  .sort();
const theirs = await runTests(copy, tests);
putOursInto(copy);
const ours = await runTests(copy, tests);
report();

/** Only tape is installed: what opossum needs for its documentation and browsers is large. */
function installTape(tape) {
  const folder = mkdtempSync(join(tmpdir(), "failfast-tape-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"];
  execFileSync("npm", ["install", tape, ...flags], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  symlinkSync(join(folder, "node_modules"), join(copy, "node_modules"));
}

/** Replaces opossum, and those of its modules that its tests import and that failfast/opossum has. */
function putOursInto(folder) {
  const main = `const CircuitBreaker = require(${JSON.stringify(built)}).default;\n`;
  const files = {
    "index.js": "module.exports = CircuitBreaker;",
    "lib/circuit.js": "module.exports = CircuitBreaker;",
    "lib/status.js": "module.exports = CircuitBreaker.newStatus({}).constructor;",
    "lib/cache.js":
      "module.exports = new CircuitBreaker(async () => 1, { cache: true }).options.cacheTransport.constructor;",
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), `${main}${text}\n`);
}

function report() {
  const rows = theirs.map(({ file, name, nth, passed: passesThere }) => {
    const mine = ours.find((each) => each.file === file && each.name === name && each.nth === nth);
    const reason = cannotApply.find(
      (each) => each.file === file && (!each.test || each.test === name),
    )?.reason;
    const outcome = !passesThere ? "fails there" : reason ? "can't apply" : mine?.passed ? "passes" : "fails";
    const why = reason ?? (mine === undefined ? "was not reached" : mine.why);
    return { file, name, outcome, why };
  });
  const of = (outcome) => rows.filter((row) => row.outcome === outcome);
  const applied = of("passes").length + of("fails").length;
  const share = of("passes").length / applied;
  if (process.argv.includes("--json")) console.log(JSON.stringify({ version, rows }, undefined, 2));
  else {
    for (const outcome of ["fails there", "can't apply", "fails"]) {
      if (of(outcome).length > 0)
        console.log(`${outcome === "fails there" ? "fails on opossum itself" : outcome}:`);
      for (const { file, name, why } of of(outcome)) console.log(`  ${file}: ${name}\n    ${why}`);
    }
    console.log(
      `opossum ${version}: ${rows.length} tests; ${of("can't apply").length} can't apply; of the other ${applied}, ` +
        `${of("passes").length} pass and ${of("fails").length} fail: ${(100 * share).toFixed(1)} %`,
    );
  }
  process.exitCode = share >= REQUIRED ? 0 : 1;
}
