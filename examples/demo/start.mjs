// Starts the demo or the shell from a fresh clone: node examples/demo/start.mjs demo|shell. It needs the library built,
// and for that rolldown alone: where the project's packages are not installed, rolldown is, in a folder of its own.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
process.chdir(root);
const [what, ...args] = process.argv.slice(2);
if (!isBuilt()) await build();
const child = spawn(process.execPath, [`examples/demo/${what}.mjs`, ...args], { stdio: "inherit" });
// Ctrl-C reaches the child as well, which says how it ended.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.once("exit", (code) => process.exit(code ?? 1));

function isBuilt() {
  if (!existsSync("dist/index.js")) return false;
  const built = statSync("dist/index.js").mtimeMs;
  return readdirSync("src", { recursive: true }).every((file) => statSync(join("src", file)).mtimeMs < built);
}

async function build() {
  const { bundle } = await import("../../scripts/bundle.mjs");
  // The parser of `failfast migrate` is not needed here, and perhaps not installed.
  const withCommand = new Set();
  await bundle(await rolldown(), "src", ".ts", withCommand);
}

async function rolldown() {
  const own = ".tmp/demo";
  const installed = ["node_modules", `${own}/node_modules`].find((folder) =>
    existsSync(`${folder}/rolldown`),
  );
  if (installed === undefined) {
    const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
    const flags = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix", own];
    const { status } = spawnSync("npm", ["install", ...flags, `rolldown@${devDependencies.rolldown}`], {
      stdio: "inherit",
    });
    if (status !== 0) throw new Error("rolldown, which builds the demo, could not be installed");
  }
  const from = join(root, installed ?? `${own}/node_modules`, "rolldown/dist/index.mjs");
  return (await import(pathToFileURL(from).href)).rolldown;
}
