// Keeps what a release stores and how it reads, for later versions: node test/compat/freeze.mjs 0.3.0
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";

const [version, force] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+$/.test(version ?? ""))
  throw new Error("which version? node test/compat/freeze.mjs 0.3.0");
const here = fileURLToPath(new URL(".", import.meta.url));
const folder = join(here, version);
if (existsSync(folder) && force !== "--again")
  throw new Error(`${version} is kept already; before it is released, --again writes it anew`);
mkdirSync(folder, { recursive: true });

const bundle = (from, to, minify) =>
  esbuild.build({
    entryPoints: [join(here, from)],
    outfile: to,
    bundle: true,
    minify,
    format: "esm",
    platform: "node",
    target: "node20",
  });
const story = join(folder, "story.mjs");
try {
  await bundle("story.ts", story, false);
  const { tell } = await import(pathToFileURL(story).href);
  writeFileSync(join(folder, "stored.json"), `${JSON.stringify(await tell(), null, 2)}\n`);
} finally {
  rmSync(story, { force: true });
}
await bundle("reader.ts", join(folder, "reader.js"), true);
