// Compiles the fixtures in both modes, and runs them with and without reflect-metadata.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = here("../../.tmp/decorators");
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const tsc = here("../../node_modules/typescript/bin/tsc");
const common = [
  "--target",
  "es2022",
  "--module",
  "nodenext",
  "--strict",
  "--skipLibCheck",
  "false",
  "--types",
  "node",
  "--ignoreConfig",
];

function run(mode, files, flags, runs) {
  const folder = `${out}/${mode}`;
  execFileSync(
    process.execPath,
    [tsc, ...common, ...flags, "--rootDir", here("."), "--outDir", folder, ...files.map(here)],
    { stdio: "inherit" },
  );
  for (const args of runs)
    execFileSync(
      process.execPath,
      args.map((arg) => arg.replace("OUT", folder)),
      { stdio: "inherit" },
    );
  console.log(`decorators, ${mode}: ok`);
}

const plain = ["OUT/fixture.js"];
const reflecting = ["--import", "reflect-metadata", "OUT/fixture.js"];
run("standard", ["fixture.ts", "standard-only.ts"], [], [plain, reflecting, ["OUT/standard-only.js"]]);
run("legacy", ["fixture.ts"], ["--experimentalDecorators", "--emitDecoratorMetadata"], [plain, reflecting]);
rmSync(out, { recursive: true, force: true });
