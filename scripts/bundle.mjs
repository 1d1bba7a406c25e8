// What ships, made of the modules in `from` by esbuild: each entry of the package, and the parts that entries share; and
// the command by itself, so that what others load is in as few parts as without it.
import { command, subpaths } from "./exports.mjs";

export const TARGET = "node20";

export async function bundle(esbuild, from, extension) {
  const sourceOf = (file) => file.replace("./dist/", `${from}/`).replace(/\.js$/, extension);
  const options = {
    outbase: from,
    outdir: "dist",
    bundle: true,
    format: "esm",
    platform: "node",
    target: TARGET,
    packages: "external",
    sourcemap: true,
    sourcesContent: false,
  };
  await esbuild.build({
    ...options,
    entryPoints: subpaths.map(({ file }) => sourceOf(file)),
    splitting: true,
    chunkNames: "parts/[hash]",
  });
  await esbuild.build({
    ...options,
    entryPoints: [sourceOf(command)],
    splitting: true,
    chunkNames: "cli/parts/[hash]",
    minify: true,
    sourcemap: false,
  });
}
