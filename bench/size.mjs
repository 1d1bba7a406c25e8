// Each entry of the package bundled, the subpaths without the core, minified, gzipped.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = new URL("../", import.meta.url);
const BUDGETS = { ".": 7_000, stores: 2_500 };

/** Who uses a subpath has the core already. */
const withoutCore = {
  name: "without the core",
  setup(bundler) {
    const core = fileURLToPath(new URL("dist/index.js", root));
    bundler.onResolve({ filter: /index\.js$/ }, ({ path, resolveDir }) =>
      resolve(resolveDir, path) === core ? { path, external: true } : undefined,
    );
  },
};

/** What the core is made of: minified bytes by the folder they come from, the largest first. */
export async function rooms() {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL("dist/index.js", root))],
    bundle: true,
    minify: true,
    format: "esm",
    metafile: true,
    write: false,
  });
  const [{ inputs }] = Object.values(metafile.outputs);
  const bytes = new Map();
  for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
    const room = /dist\/([^/]+)\/[^/]+$/.exec(file)?.[1] ?? "beside them";
    bytes.set(room, (bytes.get(room) ?? 0) + bytesInOutput);
  }
  return [...bytes].sort(([, a], [, b]) => b - a);
}

export async function sizes() {
  const { name, exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  const rows = [];
  for (const [subpath, file] of Object.entries(exports)) {
    if (!file.endsWith(".js")) continue;
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL(file, root))],
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      packages: "external",
      plugins: subpath === "." ? [] : [withoutCore],
      write: false,
    });
    const code = outputFiles[0].contents;
    rows.push({
      name: `${name}${subpath.slice(1)}`,
      minified: code.length,
      gzipped: gzipSync(code, { level: 9 }).length,
      budget: subpath === "." ? BUDGETS["."] : file.includes("/stores/") ? BUDGETS.stores : undefined,
    });
  }
  return rows;
}
