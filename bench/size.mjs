// What each entry of the package weighs, bundled, minified and gzipped: the subpaths, what they add to the core.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { subpaths } from "../scripts/exports.mjs";

const root = new URL("../", import.meta.url);
const BUDGETS = { ".": 22_000, stores: 3_000 };

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
  });

/** Who uses a subpath has the modules of the core already. */
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

/** What the core is made of: minified bytes by the folder they come from, the largest first. */
export async function rooms() {
  const { metafile } = await bundle("./dist/index.js");
  const [{ inputs }] = Object.values(metafile.outputs);
  const bytes = new Map();
  for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
    const room = /build\/([^/]+)\/[^/]+$/.exec(file)?.[1] ?? "beside them";
    bytes.set(room, (bytes.get(room) ?? 0) + bytesInOutput);
  }
  return [...bytes].sort(([, a], [, b]) => b - a);
}

/** The core, and what each subpath adds to it. */
export async function sizes() {
  const { metafile } = await bundle("./dist/index.js");
  const core = new Set(Object.keys(metafile.inputs).map((file) => resolve(file)));
  const rows = [];
  for (const { subpath, specifier, file } of subpaths) {
    const { outputFiles } = await bundle(file, subpath === "." ? [] : [without(core)]);
    const code = outputFiles[0].contents;
    rows.push({
      name: specifier,
      minified: code.length,
      gzipped: gzipSync(code, { level: 9 }).length,
      budget: subpath === "." ? BUDGETS["."] : file.includes("/stores/") ? BUDGETS.stores : undefined,
    });
  }
  return rows;
}
