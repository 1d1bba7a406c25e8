// All tests of a folder and the code they need, as one script that can be run again for each mutant within a
// millisecond or two.
import { readdirSync } from "node:fs";
import { relative, resolve } from "node:path";
import { build } from "esbuild";

/**
 * Its `module.exports` has a function for each test file, which runs the file. `code`: files that differ from those on
 * disk.
 */
export async function bundle(folder, code) {
  const tests = readdirSync(folder).filter((file) => file.endsWith(".test.ts"));
  const loaders = tests.map((file) => `${JSON.stringify(file)}: () => require("./${folder}/${file}")`);
  const built = await build({
    stdin: { contents: `module.exports = { ${loaders.join()} };`, resolveDir: ".", loader: "js" },
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    target: "node24",
    packages: "external",
    logLevel: "error",
    plugins: [
      {
        name: "mutants",
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const contents = code.get(relative(resolve(), path));
            return contents === undefined ? undefined : { contents, loader: "ts" };
          });
        },
      },
    ],
  });
  return built.outputFiles[0].text;
}
