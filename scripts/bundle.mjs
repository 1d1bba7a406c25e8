// What ships, made of the modules in `from` by esbuild: each entry of the package, and the parts that entries share.
import { subpaths } from "./exports.mjs";

export const TARGET = "node20";

export function bundle(esbuild, from, extension) {
  return esbuild.build({
    entryPoints: subpaths.map(({ file }) => file.replace("./dist/", `${from}/`).replace(/\.js$/, extension)),
    outbase: from,
    outdir: "dist",
    bundle: true,
    splitting: true,
    chunkNames: "parts/[hash]",
    format: "esm",
    platform: "node",
    target: TARGET,
    packages: "external",
    sourcemap: true,
    sourcesContent: false,
  });
}
