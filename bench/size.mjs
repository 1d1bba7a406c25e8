// Each entry bundled alone, minified, gzipped.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export async function sizes() {
  const rows = [];
  for (const [name, file, budget] of [
    ["failfast", "dist/index.js", 7_000],
    ["failfast/file", "dist/stores/file.js", 2_500],
    ["failfast/redis", "dist/stores/redis.js", 2_500],
    ["failfast/mysql", "dist/stores/mysql.js", 2_500],
    ["failfast/sqlite", "dist/stores/sqlite.js", 2_500],
  ]) {
    const entry = fileURLToPath(new URL(`../${file}`, import.meta.url));
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      write: false,
    });
    const code = outputFiles[0].contents;
    rows.push({ name, minified: code.length, gzipped: gzipSync(code, { level: 9 }).length, budget });
  }
  return rows;
}
