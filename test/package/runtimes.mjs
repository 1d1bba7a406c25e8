// Uses the packed package on each Node that it supports, the oldest to the newest, as npm has them:
// node test/package/runtimes.mjs [VERSION ...]
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { subpaths } from "../../scripts/exports.mjs";
import { pack, unpack } from "./pack.mjs";

const VERSIONS = ["20.19.0", "22.23.3", "24.21.0", "26.10.0"];
const root = fileURLToPath(new URL("../../", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "failfast-runtimes-"));
process.on("exit", () => rmSync(project, { recursive: true, force: true }));

writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
unpack(pack(project), join(project, "node_modules/failfast"));

// What each process does: loads every subpath, and shares an open circuit with another process through files.
const names = subpaths.map(({ specifier }) => specifier).filter((name) => name !== "failfast/nest");
const USE = `
const circuit = core.createFailfast({ store: file.fileStore(process.argv[2]) })("sales_api", 60);
await circuit.trip();
const other = core.createFailfast({ store: file.fileStore(process.argv[2]) });
await other.ready();
const error = await other("sales_api", 60).run(() => 1).catch((reason) => reason);
if (!core.isFailfastError(error) || error.status !== 503) throw new Error("it was not rejected: " + error);
await circuit.reset();
if ((await circuit.run(async () => 1)) !== 1) throw new Error("it is not closed");
console.log(process.version, typeof require === "function" ? "CommonJS" : "ES modules", "ok");
`;
writeFileSync(
  join(project, "use.mjs"),
  `import * as core from "failfast";\nimport * as file from "failfast/file";\nfor (const name of ${JSON.stringify(names)}) await import(name);\n${USE}`,
);
writeFileSync(
  join(project, "use.cjs"),
  `const core = require("failfast");\nconst file = require("failfast/file");\nfor (const name of ${JSON.stringify(names)}) require(name);\n(async () => {${USE}})();`,
);

// The same tests of the core as in Bun, Deno, workerd and a browser.
cpSync(join(root, "test/tools/core"), join(project, "core"), { recursive: true });
writeFileSync(
  join(project, "core.mjs"),
  `import { runSuite } from "./core/suite.js";
const { cases, failed } = await runSuite();
console.log(process.version, cases, "tests of the core,", failed.length, "failed", ...failed);
process.exitCode = failed.length;`,
);

const run = promisify(execFile);

/** npm takes longer to find a Node than that takes for a script: it is asked once for each. */
async function pathOf(version) {
  const command = ["exec", "--yes", `--package=node@${version}`, "--", "node", "-p", "process.execPath"];
  return (await run("npm", command, { cwd: project })).stdout.trim();
}

async function works(node, script, version) {
  try {
    const { stdout } = await run(node, [script, join(project, `store-${version}-${script}`)], {
      cwd: project,
    });
    process.stdout.write(stdout);
    return stdout.startsWith(`v${version} `);
  } catch (error) {
    console.error(`${script} failed on Node ${version}:\n${error.stdout}${error.stderr}`);
    return false;
  }
}

for (const version of process.argv.length > 2 ? process.argv.slice(2) : VERSIONS) {
  const node = await pathOf(version);
  const scripts = ["use.mjs", "use.cjs", "core.mjs"].map((script) => works(node, script, version));
  if ((await Promise.all(scripts)).includes(false)) process.exitCode = 1;
}
