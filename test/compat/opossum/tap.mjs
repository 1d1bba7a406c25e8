// Runs files of tape tests, and reads what they print.
import { execFile } from "node:child_process";
import { join } from "node:path";

/** The time limit of a file, in ms. */
const DEADLINE_MS = 60_000;
const SUMMARY = /^# (tests|pass|fail|ok|skip|todo)\b\s*\d*$/;

/**
 * The result of each test in those files: `{ file, name, nth, passed, why }`, with `nth` for tests of the same name in
 * a file.
 */
export async function runTests(folder, files) {
  const waiting = [...files];
  const results = new Map();
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift())
      results.set(file, await runFile(folder, file));
  };
  await Promise.all([work(), work()]);
  return files.flatMap((file) => results.get(file));
}

function runFile(folder, file) {
  return new Promise((done) => {
    const args = [join(folder, "test", file)];
    execFile(process.execPath, args, { cwd: folder, timeout: DEADLINE_MS }, (error, stdout, stderr) => {
      const tests = testsIn(stdout, file);
      // Whatever ended the process early, the test that ran then has failed.
      const last = tests.at(-1);
      if (error && last && tests.every(({ passed }) => passed))
        Object.assign(last, {
          passed: false,
          why: error.killed ? "took too long" : stderr.trim().split("\n")[0],
        });
      done(tests);
    });
  });
}

function testsIn(output, file) {
  const tests = [];
  for (const line of output.split("\n")) {
    if (SUMMARY.test(line)) continue;
    const title = /^# (.*)$/.exec(line)?.[1];
    if (title !== undefined) {
      const nth = tests.filter(({ name }) => name === title).length;
      tests.push({ file, name: title, nth, passed: true, why: "" });
    }
    const failed = /^not ok \d+ ?(.*)$/.exec(line)?.[1];
    const test = tests.at(-1);
    if (failed !== undefined && test?.passed) Object.assign(test, { passed: false, why: failed });
  }
  return tests;
}
