// Builds the dashboard's page: its script and style, one string each, as a module that the handler imports.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import * as esbuild from "esbuild";

/** Writes what `src/dashboard/bundle.ts` declares. */
export async function putPageInto(file) {
  const { outputFiles } = await esbuild.build({
    entryPoints: ["src/dashboard/page/main.tsx"],
    outdir: "page",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: ["chrome109", "firefox115", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "warning",
  });
  const text = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text.trim();
  const hash = (part) => createHash("sha256").update(part).digest("base64");
  const [script, style] = [text(".js"), text(".css")];
  const parts = { script, scriptHash: hash(script), style, styleHash: hash(style) };
  writeFileSync(file, `export const BUNDLE = ${JSON.stringify(parts)};\n`);
}
