// What each entry of the package weighs, bundled, minified and gzipped: the subpaths, what they add to the core. What
// the core loads only when it is needed is an entry of its own here.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { subpaths } from "../scripts/exports.mjs";

const root = new URL("../", import.meta.url);
const BUDGETS = { core: 22_000, stores: 3_000 };
const LATER = "failfast, loaded later";

const module = (file) => fileURLToPath(new URL(file.replace("./dist/", "build/"), root));
const bundle = (file, plugins = []) =>
  build({
    entryPoints: [module(file)],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    packages: "external",
    plugins,
    metafile: true,
    write: false,
    splitting: true,
    outdir: ".",
  });

/** The files that an import of the entry loads at once, and those that it loads later. */
function filesOf({ metafile, outputFiles }) {
  const code = (path) => Buffer.from(outputFiles.find((file) => resolve(path) === file.path).contents);
  const paths = Object.keys(metafile.outputs);
  const atOnce = new Set(paths.filter((path) => metafile.outputs[path].entryPoint?.endsWith("index.js")));
  for (const path of atOnce)
    for (const { path: imported, kind, external } of metafile.outputs[path].imports)
      if (kind === "import-statement" && !external) atOnce.add(imported);
  const later = paths.filter((path) => !atOnce.has(path));
  return { atOnce: [...atOnce], later, weigh: (some) => weightOf(Buffer.concat(some.map(code))) };
}

const weightOf = (code) => ({ minified: code.length, gzipped: gzipSync(code, { level: 9 }).length });

/** Users of a subpath have the core's modules already. */
function without(modules) {
  return {
    name: "without the core",
    setup(bundler) {
      bundler.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const file = resolve(resolveDir, path);
        return modules.has(file) ? { path: file, external: true } : undefined;
      });
    },
  };
}

/** The parts of the core: minified bytes by source folder, the largest first. */
export async function rooms() {
  const built = await bundle("./dist/index.js");
  const inputs = filesOf(built).atOnce.flatMap((path) => Object.entries(built.metafile.outputs[path].inputs));
  const bytes = new Map();
  for (const [file, { bytesInOutput }] of inputs) {
    const room = /build\/([^/]+)\/[^/]+$/.exec(file)?.[1] ?? "beside them";
    bytes.set(room, (bytes.get(room) ?? 0) + bytesInOutput);
  }
  return [...bytes].sort(([, a], [, b]) => b - a);
}

/** The core, and what each subpath adds to it. */
export async function sizes() {
  const built = await bundle("./dist/index.js");
  const core = new Set(Object.keys(built.metafile.inputs).map((file) => resolve(file)));
  const { atOnce, later, weigh } = filesOf(built);
  const rows = [
    { name: "failfast", ...weigh(atOnce), budget: BUDGETS.core },
    { name: LATER, ...weigh(later), budget: undefined },
  ];
  for (const { specifier, file } of subpaths.filter(({ subpath }) => subpath !== ".")) {
    const { outputFiles } = await bundle(file, [without(core)]);
    const budget = file.includes("/stores/") ? BUDGETS.stores : undefined;
    rows.push({
      name: specifier,
      ...weightOf(Buffer.concat(outputFiles.map(({ contents }) => contents))),
      budget,
    });
  }
  return rows;
}
