// What each entry of the package weighs, minified and gzipped, against sizes.json: one number of bytes for each.
//   node scripts/sizes.mjs           fails where one is over its budget, or has none
//   node scripts/sizes.mjs --write   sets the budgets: what is measured now, and 5 %
// Build first.
import { readFileSync, writeFileSync } from "node:fs";
import { sizes } from "../bench/size.mjs";

const FILE = "scripts/sizes.json";
const ROOM = 1.05;
const measured = await sizes();
if (process.argv.includes("--write")) {
  const budgets = measured.map(({ name, gzipped }) => [name, Math.ceil(gzipped * ROOM)]);
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(budgets), undefined, 2)}\n`);
}
const budgets = JSON.parse(readFileSync(FILE, "utf8"));
const over = measured.filter(({ name, gzipped }) => !(gzipped <= budgets[name]));
for (const { name, gzipped } of over)
  console.error(
    `${name}: ${gzipped} bytes, budget ${budgets[name] ?? "none: node scripts/sizes.mjs --write"}`,
  );
const gone = Object.keys(budgets).filter((name) => !measured.some((each) => each.name === name));
for (const name of gone) console.error(`${name}: has a budget, and is no entry of the package`);
console.log(`${measured.length} entries, ${over.length} over their budget`);
process.exitCode = over.length + gone.length === 0 ? 0 : 1;
