// Real processes on real stores, fault by fault: node verification/chaos/run.mjs [--store NAME] [--fault TEXT] [--quick] …
//
// Bundles what is in TypeScript here into a folder of this run's own, and starts it. A process apart, the
// janitor, removes whatever a run made, be it broken off by Ctrl-C or killed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const janitor = spawn(process.execPath, [join(here, "janitor.mjs")], {
  detached: true,
  stdio: ["pipe", "ignore", "inherit"],
});
const cleared = once(janitor, "exit");
const note = (...line) => janitor.stdin.write(`${JSON.stringify(line)}\n`);

const built = mkdtempSync(join(here, ".built-"));
note("folder", built);
// The file store's processes run as another user, if that is possible.
chmodSync(built, 0o755);
// All files of servers and stores are below one folder; some of these run as another user.
const folder = mkdtempSync(join(tmpdir(), "failfast-chaos-"));
note("folder", folder);
chmodSync(folder, 0o1777);
process.env.TMPDIR = folder;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(130));

await build({
  entryPoints: [join(here, "main.ts"), join(here, "worker.ts")],
  outdir: built,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  logLevel: "error",
});
const { main } = await import(pathToFileURL(join(built, "main.mjs")).href);
process.exitCode = await main({ worker: join(built, "worker.mjs"), folder, note });
janitor.stdin.end();
await cleared;
process.exit();
