// Bundles what ships from the modules in `from`: each entry of the package and the parts that entries share. The
// command is bundled by itself, so that the others stay in as few parts as without it.
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { command, subpaths } from "./exports.mjs";

export const TARGET = "node20";

/** The command's parser is bundled with it, because the package has no dependencies. */
const OF_THE_COMMAND = new Set(["@babel/parser", "magic-string", "@jridgewell/sourcemap-codec"]);

/**
 * Writes `dist`. The core is one part, and its errors another: code that uses only `isFailfastError` loads no more.
 * `withCommand`: the packages that are bundled with the command.
 */
export async function bundle(rolldown, from, extension, withCommand = OF_THE_COMMAND) {
  const sourceOf = (file) => resolve(file.replace("./dist/", `${from}/`).replace(/\.js$/, extension));
  const nameOf = (file) => file.replace("./dist/", "").replace(/\.js$/, "");
  const write = async (files, output, within = new Set()) => {
    const build = await rolldown({
      input: Object.fromEntries(files.map((file) => [nameOf(file), sourceOf(file)])),
      platform: "node",
      external: (id) => !id.startsWith(".") && !isAbsolute(id) && !within.has(id),
      resolve: { extensionAlias: { ".js": [extension] } },
      transform: { target: TARGET },
    });
    await build.write({ dir: "dist", format: "esm", entryFileNames: "[name].js", ...output });
  };

  const index = sourceOf("./dist/index.js");
  const core = reachedFrom(index, extension);
  const groups = [
    { name: "errors", test: (id) => dirname(id) === resolve(from, "errors"), priority: 1 },
    { name: "core", test: (id) => id !== index && core.has(id) },
  ];
  await write(
    subpaths.map(({ file }) => file),
    {
      chunkFileNames: "parts/[name]-[hash].js",
      sourcemap: true,
      codeSplitting: { groups },
    },
  );
  await write([command], { chunkFileNames: "cli/parts/[hash].js", minify: true }, withCommand);
}

/** The modules that a module imports, and those that they import. */
function reachedFrom(file, extension, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, from] of readFileSync(file, "utf8").matchAll(/(?:from |^import )"(\.[^"]+)"/gm))
    reachedFrom(resolve(dirname(file), from).replace(/\.js$/, extension), extension, seen);
  return seen;
}
