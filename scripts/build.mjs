// Builds the package: src to build with the newest TypeScript, one file each, and from those what ships, dist: each
// entry of the package and the parts that entries share, so that an import reads a few files and not sixty. Then the
// same files again as CommonJS, for what can't load ES modules: Jest, and TypeScript projects that are CommonJS.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as esbuild from "esbuild";
import { rolldown } from "rolldown";
import { bundle, TARGET } from "./bundle.mjs";
import { putPageInto } from "./page.mjs";

for (const folder of ["build", "dist"]) rmSync(folder, { recursive: true, force: true });
try {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
    stdio: "inherit",
  });
} catch {
  process.exit(1);
}
await putPageInto("build/dashboard/bundle.js");
await bundle(rolldown, "build", ".js");
cpSync("build", "dist", { recursive: true, filter: (file) => !/\.js(\.map)?$/.test(file) });

/** Writes a file of dist for CommonJS, under the same name in dist/cjs; neither has the address of a source map. */
async function toCommonJs(file, translate) {
  const text = readFileSync(join("dist", file), "utf8").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
  const target = join("dist/cjs", file);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, await translate(text));
}
/** Jest has no `import()` in CommonJS. */
const supported = { "dynamic-import": false };
const script = async (text) =>
  (await esbuild.transform(text, { format: "cjs", platform: "node", target: TARGET, supported })).code;
const files = readdirSync("dist", { recursive: true });
for (const file of files) {
  // The command is a program of its own, which nobody imports.
  if (file.startsWith("cli/")) continue;
  if (file.endsWith(".js")) await toCommonJs(file, script);
  else if (file.endsWith(".d.ts")) await toCommonJs(file, (text) => text);
}
writeFileSync("dist/cjs/package.json", `${JSON.stringify({ type: "commonjs" })}\n`);
