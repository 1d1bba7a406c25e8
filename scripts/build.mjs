// Builds the package: src to build with the newest TypeScript, one file each, and from those what ships, dist: each
// entry of the package and the parts that entries share, so that an import reads a few files and not sixty.
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";

for (const folder of ["build", "dist"]) rmSync(folder, { recursive: true, force: true });
try {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
    stdio: "inherit",
  });
} catch {
  process.exit(1);
}
const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
const entries = Object.values(exports).filter((file) => file.endsWith(".js"));
await build({
  entryPoints: entries.map((file) => file.replace("dist/", "build/")),
  outbase: "build",
  outdir: "dist",
  bundle: true,
  splitting: true,
  chunkNames: "parts/[hash]",
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  sourcemap: true,
  sourcesContent: false,
});
cpSync("build", "dist", { recursive: true, filter: (file) => !/\.js(\.map)?$/.test(file) });
