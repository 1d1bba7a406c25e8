// Type-checks what users write: node test/types/run.mjs [--all]. The newest compiler takes every way that projects
// are set up; the two before it take the two that differ most, or with --all every one.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const MODULES = {
  nodenext: ["--module", "nodenext", "--exactOptionalPropertyTypes"],
  bundler: ["--module", "esnext", "--moduleResolution", "bundler"],
};
const PLATFORMS = {
  none: ["--lib", "es2022", "--typeRoots", here("./none")],
  "DOM and Node": ["--lib", "es2022,dom", "--types", "node"],
};
const DECORATORS = {
  standard: [],
  legacy: ["--experimentalDecorators", "--emitDecoratorMetadata"],
};
const MOST_DIFFERENT = ["nodenext, DOM and Node, legacy", "bundler, none, standard"];

const all = process.argv.includes("--all");
const waiting = ["typescript-5.9", "typescript-6", "typescript"].flatMap((compiler) =>
  setUps()
    .filter(({ title }) => all || compiler === "typescript" || MOST_DIFFERENT.includes(title))
    .map((setUp) => ({ compiler, ...setUp })),
);
const count = waiting.length;
let failed = 0;
// The machines that this is made for have two cores.
await Promise.all([work(), work()]);
console.log(`types of users: ${count - failed} of ${count} combinations pass`);
process.exitCode = failed === 0 ? 0 : 1;

function setUps() {
  const made = [];
  for (const module of Object.keys(MODULES))
    for (const platform of Object.keys(PLATFORMS))
      for (const decorators of Object.keys(DECORATORS)) {
        const flags = [...MODULES[module], ...PLATFORMS[platform], ...DECORATORS[decorators]];
        const files = filesOf(module, platform, decorators);
        made.push({ title: `${module}, ${platform}, ${decorators}`, flags, files });
      }
  return made;
}

function filesOf(module, platform, decorators) {
  const files = ["usage.ts", "decorators.ts", "decorated-classes.ts"];
  if (decorators === "standard") files.push("private-methods.ts");
  if (platform === "none") return files;
  files.push("platform.ts", "opossum.ts");
  // Nest's own types take long, so only one way of resolving them is tried.
  if (module === "nodenext") files.push("nest.ts");
  if (module === "nodenext" && decorators === "legacy") files.push("nest-legacy.ts");
  return files;
}

async function work() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const wrong = await errorsOf(next);
    if (wrong === undefined) continue;
    failed++;
    console.log(`${next.compiler}, ${next.title}:\n${wrong}`);
  }
}

function errorsOf({ compiler, flags, files }) {
  const always = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022"];
  if (compiler !== "typescript-5.9") always.push("--ignoreConfig");
  const tsc = here(`../../node_modules/${compiler}/bin/tsc`);
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [tsc, ...always, ...flags, ...files.map(here)],
      { cwd: here(".") },
      (error, stdout) => {
        resolve(error ? stdout || String(error) : undefined);
      },
    );
  });
}
