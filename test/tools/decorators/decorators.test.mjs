// The decorator as every compiler writes it, in standard and legacy mode. test/decorators has the fixtures, and tests
// them with tsc.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { transformAsync as babel } from "@babel/core";
import { transform as swc } from "@swc/core";
import { transform as esbuild } from "esbuild";
import { newFolder, runs } from "../project.mjs";

const fixtures = fileURLToPath(new URL("../../decorators/", import.meta.url));
const work = fileURLToPath(new URL("../.work/", import.meta.url));

const bySwc = (transform) => async (code) =>
  (
    await swc(code, {
      jsc: { parser: { syntax: "typescript", decorators: true }, target: "es2022", transform },
    })
  ).code;
const byEsbuild = (compilerOptions) => async (code) =>
  (await esbuild(code, { loader: "ts", target: "es2022", tsconfigRaw: { compilerOptions } })).code;
const byBabel = (options) => async (code) => {
  const settings = {
    presets: ["@babel/preset-typescript"],
    plugins: [["@babel/plugin-proposal-decorators", options]],
  };
  // Legacy mode has no computed names.
  const known = options.version === "legacy" ? code.replace('@failfast("symbol", 60)', "") : code;
  return (await babel(known, { ...settings, filename: "fixture.ts", babelrc: false, configFile: false }))
    .code;
};

const compilers = {
  "esbuild, standard": byEsbuild({}),
  "esbuild, legacy": byEsbuild({ experimentalDecorators: true }),
  "swc, standard": bySwc({ decoratorVersion: "2022-03" }),
  "swc, legacy": bySwc({ legacyDecorator: true }),
  "Babel, standard": byBabel({ version: "2023-11" }),
  "Babel, legacy": byBabel({ version: "legacy" }),
};

for (const [name, compile] of Object.entries(compilers))
  test(`decorators compiled by ${name} work`, async (t) => {
    const folder = newFolder(work, "decorators");
    const files = ["methods", "stacked"];
    if (name.endsWith("standard")) files.push("private-methods");
    // In legacy mode swc and Babel keep `accessor`, which no engine can read.
    if (name !== "swc, legacy" && name !== "Babel, legacy") files.push("refused");
    for (const file of files) {
      const code = readFileSync(join(fixtures, `${file}.ts`), "utf8");
      writeFileSync(join(folder, `${file}.mjs`), await compile(code));
    }
    const names = files.map((file) => `${file}.mjs`);
    await runs(t, process.execPath, ["--test", "--test-isolation=none", ...names], { cwd: folder });
  });
