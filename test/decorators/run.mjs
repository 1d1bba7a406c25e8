// Compiles the fixtures in both modes, and runs them with and without reflect-metadata.
// `--report FILE` writes how many tests passed, failed and were skipped.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const root = here("../..");
const out = here("../../.tmp/decorators");
const total = { passed: 0, failed: 0, skipped: 0 };

const everywhere = ["methods", "inherited", "stacked", "refused"];
const modes = {
  standard: {
    flags: { experimentalDecorators: false },
    plain: [...everywhere, "private-methods", "metadata-late"],
    reflecting: [...everywhere, "private-methods", "metadata"],
  },
  legacy: {
    flags: { experimentalDecorators: true, emitDecoratorMetadata: true },
    plain: [...everywhere, "metadata-late"],
    reflecting: [...everywhere, "metadata", "metadata-emitted"],
  },
};

function node(args, env = {}) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
}

function compile(mode, { flags, plain, reflecting }) {
  const path = `${out}/${mode}.json`;
  const files = [...new Set([...plain, ...reflecting])].map((name) => here(`${name}.ts`));
  const compilerOptions = {
    target: "es2022",
    module: "nodenext",
    strict: true,
    types: ["node"],
    rootDir: here("."),
    outDir: `${out}/${mode}`,
    ...flags,
  };
  writeFileSync(path, JSON.stringify({ compilerOptions, files }));
  return node(["node_modules/typescript/bin/tsc", "-p", path]).status === 0;
}

function run(mode, names, env) {
  const tap = `${out}/report.tap`;
  rmSync(tap, { force: true });
  const files = names.map((name) => `${out}/${mode}/${name}.js`);
  const reporters = ["spec", "stdout", "tap", tap].map((value, i) =>
    i % 2 === 0 ? `--test-reporter=${value}` : `--test-reporter-destination=${value}`,
  );
  const { status } = node(["--test", ...reporters, ...files], env);
  const report = readFileSync(tap, { encoding: "utf8", flag: "a+" });
  const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(report)?.[1] ?? 0);
  const failed = count("fail") + count("cancelled");
  total.passed += count("pass");
  total.skipped += count("skipped") + count("todo");
  // A run that ends badly, or that had nothing to run, has failed.
  total.failed += failed === 0 && (status !== 0 || count("pass") === 0) ? 1 : failed;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const [mode, each] of Object.entries(modes)) {
  console.log(`decorators, ${mode}:`);
  if (!compile(mode, each)) {
    total.failed++;
    continue;
  }
  run(mode, each.plain);
  console.log(`decorators, ${mode}, with reflect-metadata:`);
  run(mode, each.reflecting, { NODE_OPTIONS: "--import reflect-metadata" });
}
rmSync(out, { recursive: true, force: true });

const report = process.argv.indexOf("--report");
if (report !== -1) writeFileSync(process.argv[report + 1], JSON.stringify(total));
console.log(`decorators: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
