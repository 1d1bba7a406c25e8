// Gives the package another name, everywhere: node scripts/rename.mjs @scope/failfast
// Its name is in package.json; code imports it by that name, documents and examples too. What only looks like it stays: the
// prefix of stores, the names of channels, metrics and symbols. npm calls the command of @scope/failfast failfast, too.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const [wanted] = process.argv.slice(2);
if (!/^(@[a-z0-9-]+\/)?[a-z0-9][a-z0-9._-]*$/.test(wanted ?? ""))
  throw new Error("give a name: @scope/failfast");
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const current = manifest.name;
const escaped = current.replace(/[/.]/g, "\\$&");

/** `from "failfast/redis"`, `import("failfast")`, `require("failfast")`, `import "failfast"`, `mock("failfast")`. */
const IMPORTED = new RegExp(
  `((?:\\bfrom|\\bimport|\\bmodule)\\s*|(?:\\bimport|\\brequire|\\bresolve|[mM]ock)\\(\\s*)(["'\`])${escaped}(/[a-z-]+)?\\2`,
  "g",
);
/** `npm i failfast`, `npm install failfast`, `-p failfast`, `node_modules/failfast`. */
const INSTALLED = new RegExp(
  `(npm (?:i|install) (?:-\\S+ )*|-p |npx (?:--yes )?|node_modules/)${escaped}(?![\\w@/.-]*@|\\w|-)`,
  "g",
);
/** \`failfast/redis\` in a document. */
const MENTIONED = new RegExp(`\`${escaped}/([a-z]+)\``, "g");

const files = execFileSync("git", ["ls-files"], { encoding: "utf8" }).trim().split("\n");
const text = files.filter(
  (file) => /\.([cm]?[jt]sx?|md|json|ya?ml)$/.test(file) && !/^(package|package-lock)\.json$/.test(file),
);
const subpaths = Object.keys(manifest.exports).map((subpath) => subpath.slice(2));
let changed = 0;
for (const file of text) {
  const before = readFileSync(file, "utf8");
  const after = before
    .replace(IMPORTED, (_, call, quote, subpath = "") => `${call}${quote}${wanted}${subpath}${quote}`)
    .replace(INSTALLED, (_, call) => `${call}${wanted}`)
    .replace(MENTIONED, (whole, subpath) =>
      subpaths.includes(subpath) ? `\`${wanted}/${subpath}\`` : whole,
    );
  if (after === before) continue;
  writeFileSync(file, after);
  changed++;
}
manifest.name = wanted;
writeFileSync("package.json", `${JSON.stringify(manifest, undefined, 2)}\n`);
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
lock.name = wanted;
lock.packages[""].name = wanted;
writeFileSync("package-lock.json", `${JSON.stringify(lock, undefined, 2)}\n`);
console.log(`${current} is ${wanted} now, in ${changed} files`);
