// Tries the packed package with real tools and runtimes, each in a small project of its own:
//
//   node test/tools/run.mjs                 all but the slow ones
//   node test/tools/run.mjs --slow          the slow ones
//   node test/tools/run.mjs jest workerd    some
//   node test/tools/run.mjs --install       none: installs the tools
//
// The tools are installed here when they are first needed. Where they can't be, the tests are skipped, and fail where
// FAILFAST_TEST_REQUIRE is "all".
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { pack, unpack } from "../package/pack.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const modules = join(here, "node_modules");
const { values, positionals } = parseArgs({
  options: { slow: { type: "boolean" }, install: { type: "boolean" }, report: { type: "string" } },
  allowPositionals: true,
});

const files = globSync(`{,*/}*.${values.slow ? "slow" : "test"}.mjs`, { cwd: here })
  .filter((name) => positionals.length === 0 || positionals.some((wanted) => name.startsWith(wanted)))
  .map((name) => join(here, name));

const total = { passed: 0, failed: 0, skipped: 0, failures: [] };
if (values.install) process.exit(install() ? 0 : 1);
if (install()) {
  placePackage();
  await test();
} else if (process.env.FAILFAST_TEST_REQUIRE === "all") total.failed = files.length;
else {
  total.skipped = files.length;
  console.log(`skipped: the tools can't be installed here, and ${files.length} files of tests with them`);
}
if (values.report) writeFileSync(values.report, JSON.stringify(total));
process.exitCode = total.failed === 0 ? 0 : 1;

/** Once for each lock file. */
function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(here, "package-lock.json")))
    .digest("hex");
  const mark = join(modules, ".installed");
  if (existsSync(mark) && readFileSync(mark, "utf8") === lock) return true;
  console.log("installing the tools, some hundred MB, once");
  const { status } = spawnSync("npm", ["ci", "--prefer-offline"], { cwd: here, stdio: "inherit" });
  if (status === 0) writeFileSync(mark, lock);
  return status === 0;
}

/** The package as its users get it, in the place where they get it. */
function placePackage() {
  const target = join(modules, "failfast");
  rmSync(target, { recursive: true, force: true });
  const archive = join(modules, "failfast.tgz");
  renameSync(pack(modules), archive);
  unpack(archive, target);
}

async function test() {
  const tests = run({ files, concurrency: 3, timeout: 120_000 });
  const leaf = ({ details }) => details.type !== "suite" && !details.isFile;
  tests.on("test:pass", (event) => {
    if (leaf(event)) total[event.skip === undefined ? "passed" : "skipped"]++;
  });
  tests.on("test:fail", ({ name, file, details }) => {
    total.failed++;
    total.failures.push(
      `${relative(root, file ?? "")} > ${name}\n    ${String(details.error.cause ?? details.error).slice(0, 300)}`,
    );
  });
  for await (const line of tests.compose(spec)) process.stdout.write(line);
}
