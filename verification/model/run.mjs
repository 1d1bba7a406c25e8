// Every order of events, to a depth: node verification/model/run.mjs [--full] [--depth N] [--only NAME] [--library
// DIR]
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { explore } from "./explore.mjs";
import { loadLibrary } from "./library.mjs";
import { SETTINGS } from "./settings.mjs";

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    depth: { type: "string" },
    only: { type: "string" },
    library: { type: "string", default: fileURLToPath(new URL("../../build", import.meta.url)) },
  },
});
const library = await loadLibrary(values.library);
const total = { states: 0, transitions: 0 };
let failed = 0;
for (const { name, options, quick, full } of SETTINGS) {
  if (values.only !== undefined && values.only !== name) continue;
  const began = performance.now();
  const depth = values.depth === undefined ? (values.full ? full : quick) : Number(values.depth);
  const found = explore(library, options, depth, values.full ? Infinity : 2);
  total.states += found.states;
  total.transitions += found.transitions;
  const took = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(
    `${name.padEnd(36)} ${String(found.depth).padStart(3)} steps ${count(found.states)} states ${count(found.transitions)} transitions ${took.padStart(6)} s`,
  );
  if (found.wrong === undefined) continue;
  failed++;
  console.log(`\nBROKEN: ${found.wrong}\n  ${found.story.join("\n  ")}\n`);
}
console.log(`${total.states} states, ${total.transitions} transitions, ${failed} promises broken`);
process.exitCode = failed === 0 ? 0 : 1;

function count(number) {
  return String(number).padStart(9);
}
