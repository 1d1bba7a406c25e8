// Whether the model finds what is wrong: node verification/model/check-the-model.mjs
import { mutate } from "../simulation/mutants.mjs";
import { explore } from "./explore.mjs";
import { loadMachine } from "./machine.mjs";
import { MISTAKES } from "./mistakes.mjs";
import { SETTINGS } from "./settings.mjs";

let failed = 0;
for (const [title, file, what, instead, setting] of MISTAKES) {
  const { folder, remove } = mutate([title, file, what, instead]);
  const { options, quick } = SETTINGS.find(({ name }) => name === setting);
  let found;
  try {
    found = explore(await loadMachine(folder), options, quick);
  } catch (error) {
    found = { wrong: `it throws: ${error.message}`, depth: "?" };
  }
  remove();
  if (found.wrong === undefined) failed++;
  const how =
    found.wrong === undefined
      ? `NOT FOUND within ${quick} steps`
      : `after ${found.depth} steps, "${found.wrong}"`;
  console.log(`${title.padEnd(54)} ${how}`);
}
console.log(`${MISTAKES.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
