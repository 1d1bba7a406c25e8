// Tries the mutants of one room: which of them does one of its tests find?
import { bundle } from "./bundle.mjs";
import { codeFiles, instrument } from "./instrument.mjs";
import { askAll, startWorker } from "./pool.mjs";

/**
 * Each mutant of a folder, with `killed`, `hung` and `reached`. `names`: of the files, if not all.
 * `testFolders`: where its tests are. `tell` gets the
 * number of those tried.
 */
export async function tryRoom(folder, { names, testFolders = [folder], workers, patienceMs, tell }) {
  const { mutants, code } = await instrument(folder, codeFiles(folder, names));
  const script = await bundle(testFolders, code);
  const dry = await dryRun(script, testFolders.length > 1);
  const questions = [];
  for (const mutant of mutants) {
    const { tests, hits } = reaching(mutant.id, dry);
    mutant.reached = tests.length > 0;
    mutant.killed = false;
    if (mutant.reached) questions.push({ id: mutant.id, tests, hits });
  }
  const byId = new Map(mutants.map((mutant) => [mutant.id, mutant]));
  let tried = mutants.length - questions.length;
  await askAll(questions, workers, { script, times: dry.times, patienceMs }, ({ id, ...result }) => {
    Object.assign(byId.get(id), result);
    tell(++tried, mutants.length);
  });
  return mutants;
}

/** Tests of other folders may need vitest's own runner. Then they are left out, and listed. */
async function dryRun(script, leaveOut) {
  const worker = startWorker({ script });
  const answer = await worker.ask({ dry: true });
  worker.end();
  if (answer === undefined) throw new Error("the tests don't end without a mutant");
  const left = answer.failed.filter(({ index }) => leaveOut && index !== undefined);
  const failed = answer.failed.filter((each) => !left.includes(each)).map(({ error }) => error);
  if (failed.length > 0) throw new Error(`tests fail without a mutant:\n  ${failed.join("\n  ")}`);
  for (const { error } of left) console.log(`left out: ${error.split("\n")[0]}`);
  answer.leftOut = new Set(left.map(({ index }) => index));
  return answer;
}

/**
 * The tests that run that code, the fastest first, and how often they run it. For code that runs while it is loaded:
 * all tests.
 */
function reaching(id, { times, whileLoading, perTest, leftOut }) {
  let hits = whileLoading[id] ?? 0;
  const tests = [];
  for (const index of times.keys().filter((each) => !leftOut.has(each))) {
    const runs = perTest[index]?.[id] ?? 0;
    hits += runs;
    if (runs > 0 || id in whileLoading) tests.push(index);
  }
  return { tests: tests.sort((a, b) => times[a] - times[b]), hits };
}
