// Whether the model finds what is wrong: node verification/model/check-the-model.mjs [--only TEXT]
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeMistake } from "../simulation/mistakes.mjs";
import { explore } from "./explore.mjs";
import { loadLibrary } from "./library.mjs";
import { MISTAKES } from "./mistakes.mjs";
import { SETTINGS } from "./settings.mjs";

const BUILD = fileURLToPath(new URL("../../build", import.meta.url));
const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });

let failed = 0;
const mistakes = MISTAKES.filter(({ mistake }) => mistake.includes(values.only));
for (const { mistake, room, text, instead, setting } of mistakes) {
  const { folder, remove } = makeMistake({ mistake, file: fileWith(room, text), text, instead });
  const { options, quick } = SETTINGS.find(({ name }) => name === setting);
  let found;
  try {
    found = explore(await loadLibrary(folder), options, quick);
  } catch (error) {
    found = { wrong: `it throws: ${error.message}`, depth: "?" };
  } finally {
    remove();
  }
  if (found.wrong === undefined) failed++;
  const how =
    found.wrong === undefined
      ? `NOT FOUND within ${quick} steps`
      : `after ${found.depth} steps, "${found.wrong}"`;
  console.log(`${mistake.padEnd(54)} ${how}`);
}
console.log(`${mistakes.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** The file of the room that has that text. */
function fileWith(room, what) {
  const files = readdirSync(join(BUILD, room), { recursive: true }).filter((file) => file.endsWith(".js"));
  const file = files.find((each) => readFileSync(join(BUILD, room, each), "utf8").includes(what));
  if (file === undefined) throw new Error(`no file of ${room} says: ${what}`);
  return `${room}/${file}`;
}
