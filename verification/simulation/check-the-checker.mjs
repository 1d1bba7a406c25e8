// Whether the simulation finds what is wrong: node verification/simulation/check-the-checker.mjs [--seeds 500]
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { MUTANTS, mutate } from "./mutants.mjs";

const { values } = parseArgs({ options: { seeds: { type: "string", default: "500" } } });
const run = fileURLToPath(new URL("run.mjs", import.meta.url));
let failed = 0;
for (const mutant of MUTANTS) {
  const { folder, remove } = mutate(mutant);
  const found = await new Promise((done) =>
    execFile(
      process.execPath,
      [run, "--library", folder, "--seeds", values.seeds, "--first"],
      { timeout: 120_000 },
      (_, said) => done(/^seed (\d+): ([^:]*)/m.exec(said) ?? /end$/m.exec(said)),
    ),
  );
  remove();
  if (found === null) failed++;
  const how =
    found === null
      ? "NOT FOUND"
      : found[1] === undefined
        ? "it comes to no end"
        : `seed ${found[1]}, "${found[2]}"`;
  console.log(`${mutant[0].padEnd(64)} ${how}`);
}
console.log(`${MUTANTS.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
