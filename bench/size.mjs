// Each entry of the package bundled alone, minified, gzipped.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = new URL("../", import.meta.url);
const BUDGETS = { ".": 7_000, stores: 2_500 };

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
