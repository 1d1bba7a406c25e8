// A process that tries mutants. It gets the script of a folder's tests, then answers each message with one:
//   { dry: true }         it runs all tests with no mutant: what each takes, and which mutants it reaches
//   { id, tests, hits }   it switches that mutant on, and runs those tests until one fails
import { createRequire } from "node:module";
import vm from "node:vm";
import { collect } from "./suite.mjs";

/** The time limit of a test whose duration is unknown. */
const UNKNOWN_MS = 30_000;
const TURN_MS = 50;

class Unfinished extends Error {}

const require = createRequire(import.meta.url);
// It takes time to find the smallest failing input, and nobody reads it.
require("fast-check").configureGlobal({ endOnFailure: true });
// Tests may replace them.
const { setInterval, clearInterval, setImmediate } = globalThis;
/** Where Stryker's code finds the active mutant, and counts which ones were reached. */
const switches = { activeMutant: undefined };
globalThis.__stryker__ = switches;
let script;
let times = [];
let patienceMs = 0;
let turns = 0;
const unhandled = [];
for (const event of ["uncaughtException", "unhandledRejection"])
  process.on(event, (error) => unhandled.push(error));

process.on("disconnect", () => process.exit());
process.on("message", async (message) => {
  if (message.script !== undefined) {
    ({ times, patienceMs } = message);
    script = new vm.Script(`(function (require, module) {${message.script}\n})`, {
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    process.send({ ready: true });
    return;
  }
  // A test that waits for something that can no longer happen ends the process, if nothing else keeps the event loop.
  process.channel.unref();
  const answer = message.dry ? await dryRun() : await tryMutant(message);
  process.channel.ref();
  process.send(answer);
});

async function dryRun() {
  switches.mutantCoverage = { static: {}, perTest: {} };
  const took = [];
  const failed = [];
  let tests = [];
  try {
    tests = load();
  } catch (error) {
    failed.push({ error: error.stack });
  }
  for (const [index, test] of tests.entries()) {
    switches.currentTestId = String(index);
    const began = usedMs();
    const error = await outcome(test, UNKNOWN_MS);
    if (error !== undefined) failed.push({ index, error: `${test.name}: ${error}` });
    took.push(usedMs() - began);
  }
  switches.currentTestId = undefined;
  const { static: whileLoading, perTest } = switches.mutantCoverage;
  failed.push(...unhandled.map((error) => ({ error: String(error) })));
  return { times: took, failed, whileLoading, perTest };
}

/**
 * `by`: the test that failed. `hung`: it did not end. `spent`: what it left running might disturb the next mutant in
 * this process.
 */
async function tryMutant({ id, tests, hits }) {
  unhandled.length = 0;
  Object.assign(switches, { activeMutant: id, hitCount: 0, hitLimit: 10_000 + 20 * hits });
  // The mutant is on while the code is loaded, too.
  let loaded;
  try {
    loaded = load();
  } catch (error) {
    return { id, killed: true, by: `no test, but while loading: ${error}` };
  }
  for (const index of tests) {
    process.send({ id, test: index });
    const test = loaded[index];
    const error = test === undefined ? "it is gone" : await outcome(test, patienceMs / 2 + 10 * times[index]);
    if (error !== undefined) {
      const hung = error instanceof Unfinished;
      const spent = hung || unhandled.length > 0;
      return { id, killed: true, hung, spent, by: test?.name ?? "a missing test", error: String(error) };
    }
  }
  return { id, killed: false };
}

/** The tests of the room, with its code in a new state. */
function load() {
  const module = { exports: {} };
  let vitest;
  const requireHere = (name) => (name === "vitest" ? vitest : require(name));
  script.runInThisContext()(requireHere, module);
  return Object.entries(module.exports).flatMap(([file, run]) =>
    collect(file, (given) => {
      vitest = given;
      run();
    }),
  );
}

/** The error of a test, or `undefined`. */
async function outcome(test, limitMs) {
  try {
    try {
      await within(limitMs, test.run);
    } finally {
      for (const after of test.after()) await within(limitMs, after);
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (unhandled.length > 0) throw unhandled[0];
    return undefined;
  } catch (error) {
    return error ?? "nothing";
  }
}

/** The time that this process had a processor, or waited by its own timer: the same on a busy machine as on an idle one. */
function usedMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000 + turns * TURN_MS;
}

/** The limit is in turns of this process's own timer: where others keep the processor busy, there are fewer of them. */
async function within(limitMs, run) {
  let timer;
  let never;
  const last = turns + limitMs / TURN_MS;
  const tooLate = new Promise((_, reject) => {
    timer = setInterval(() => {
      if (++turns > last) reject(new Unfinished(`took more than ${limitMs.toFixed()} ms`));
    }, TURN_MS);
    timer.unref();
    never = () => setImmediate(() => reject(new Unfinished("never ended")));
    process.once("beforeExit", never);
  });
  try {
    await Promise.race([run(), tooLate]);
  } finally {
    clearInterval(timer);
    process.off("beforeExit", never);
  }
}
