// Whether the simulation finds what is wrong: node verification/simulation/check-the-checker.mjs [--seeds 300] [--only WORDS]
//
//   --seeds N      so many are tried for each mistake, of those in whose fleets it could show
//   --only WORDS   the mistakes in whose description these words are
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { MISTAKES, makeMistake, sourceOf } from "./mistakes.mjs";
import { planOf } from "./plan.mjs";
import { simulate } from "./simulate.mjs";

/** A mistake that makes time stand still, so that a seed never ends, is found too. */
const PATIENCE_MS = 60_000;
/** The number of seeds whose plans are looked at. */
const MOST_SEEDS = 20_000;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "300" },
    only: { type: "string", default: "" },
    folder: { type: "string" },
    mistake: { type: "string" },
  },
});

/** Plans that can be run in a moment. */
const isSmall = ({ processes, circuits, names = 0 }) => processes <= 6 && circuits <= 3 && names === 0;

/** Seed by seed, until a promise is broken. */
async function seek(folder, { plain = false, where = () => true }) {
  process.on("warning", () => {});
  process.removeAllListeners("warning");
  process.on("unhandledRejection", () => {});
  const library = await import(pathToFileURL(`${folder}/index.js`).href);
  let tried = 0;
  for (let seed = 1; seed <= MOST_SEEDS && tried < Number(values.seeds); seed++) {
    const plan = planOf(seed, plain);
    if (!isSmall(plan) || !where(plan)) continue;
    tried++;
    process.send({ tried });
    const [violation] = (await simulate(plan, library)).violations;
    if (violation !== undefined) return tell({ seed, tried, promise: violation.promise, over: true });
  }
  tell({ tried, over: true });
}

/** An awaited promise keeps a process alive, and here time may stand still. */
function tell(found) {
  process.send(found, () => process.exit());
}

function found(mistake) {
  const { folder, remove } = makeMistake(mistake);
  const args = ["--folder", folder, "--mistake", `${MISTAKES.indexOf(mistake)}`, "--seeds", values.seeds];
  return new Promise((done) => {
    const child = fork(fileURLToPath(import.meta.url), args);
    const giveUp = () => setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    let end = giveUp();
    let said = { tried: 0 };
    child.on("message", (message) => {
      clearTimeout(end);
      end = giveUp();
      said = message;
    });
    child.on("exit", (code, signal) => {
      clearTimeout(end);
      remove();
      const early = said.over ? undefined : (signal ?? `exit code ${code}`);
      done({ ...said, early, endless: early === "SIGKILL" });
    });
  });
}

async function all(mistakes) {
  const left = [...mistakes];
  let failed = 0;
  const next = async () => {
    for (let its = left.shift(); its !== undefined; its = left.shift()) {
      const { endless, early, seed, tried, promise } = await found(its);
      if (!endless && seed === undefined) failed++;
      const how = endless
        ? "it comes to no end"
        : seed === undefined
          ? `NOT FOUND in ${tried} seeds${early ? `: its process ended early (${early})` : ""}`
          : `seed ${seed}, after ${tried}: "${promise}"`;
      console.log(`${its.mistake.padEnd(64)} ${how}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, next));
  console.log(`${mistakes.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

if (values.folder !== undefined) await seek(values.folder, MISTAKES[values.mistake]);
else {
  // Before the first of them is tried, which takes long.
  for (const each of MISTAKES) sourceOf(each);
  await all(MISTAKES.filter(({ mistake }) => mistake.includes(values.only)));
}
