import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The script of a worker, bundled as by Wrangler. */
export async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    format: "esm",
    external: ["cloudflare:*"],
    conditions: ["workerd", "worker", "browser"],
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].text;
}

/** The results of a contract's cases: `ask(path)` asks the worker that runs them, several at a time. */
export async function failedCases(ask) {
  const left = [...(await ask("contract")).entries()];
  if (left.length < 50) return [`only ${left.length} cases`];
  const failed = [];
  const oneAfterAnother = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { error } = await ask(`case/${next[0]}`);
      if (error !== undefined) failed.push(`${next[1]}: ${error}`);
    }
  };
  await Promise.all(Array.from({ length: 12 }, oneAfterAnother));
  return failed;
}
