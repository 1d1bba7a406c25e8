// All tests of a few folders and the code they need, as one script that can be run again for each mutant within a
// millisecond or two.
import { readdirSync } from "node:fs";
import { relative, resolve } from "node:path";
import { build } from "esbuild";

/**
 * Its `module.exports` has a function for each test file, which runs the file. `code`: files that differ from those on
 * disk.
 */
export async function bundle(folders, code) {
  const tests = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((file) => file.endsWith(".test.ts"))
      .map((file) => `${folder}/${file}`),
  );
  const loaders = tests.map((file) => `${JSON.stringify(file)}: () => require("./${file}")`);
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
