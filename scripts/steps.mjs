// Runs the steps of a test run, beside each other if there are enough cores, and counts their tests.
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";

/** The cores of the smallest machine that the tests are made for. */
const CORES = 2;

/** A step that passes or fails as a whole. `cores`: how many it keeps busy. */
export const check = (title, args, { cores = 1 } = {}) => ({ title, args, cores });

/** A step that fetches what later steps need. It mostly waits, and is no test. `program`: what runs it, if not Node. */
export const fetched = (title, args, { program } = {}) => ({ title, args, program, cores: 0, isTest: false });

/** A step that writes its own totals into a file. */
export const counted = (title, args, { cores = CORES } = {}) => ({
  title,
  args,
  cores,
  reportTo: (file) => ["--report", file],
  totalsOf: ({ passed, failed, skipped, failures = [] }) => ({ passed, failed, skipped, failures }),
});

/** A project of vitest, counted by vitest's own report, and shown while it runs. */
export const vitest = (title, project, { env = {}, cores = CORES } = {}) => ({
  title,
  args: ["node_modules/vitest/vitest.mjs", "run", "--project", project],
  cores,
  shown: true,
  env,
  reportTo: (file) => ["--reporter=default", "--reporter=json", `--outputFile=${file}`],
  totalsOf: totalsOfVitest,
});

/**
 * Runs groups of steps: a group begins when the one before has ended; in it, each step begins as soon as the cores it
 * needs are free. A group of one step is what all the others need: where it fails, the run ends.
 *
 * `node` is the Node that runs them, `env` their environment, `folder` a place for their reports.
 */
export async function runSteps(groups, { node, env, folder }) {
  const total = { passed: 0, failed: 0, skipped: 0, failures: [], times: [] };
  for (const steps of groups) {
    await inOrder(steps, async (step) => add(total, await runStep(step)));
    if (steps.length === 1 && total.failed > 0) break;
  }
  return total;

  async function runStep(step) {
    const file = join(folder, `${step.title.replace(/\W+/g, "-")}.json`);
    const args = [...step.args, ...(step.reportTo?.(file) ?? [])];
    const began = performance.now();
    const ok = await runProcess(step, args);
    const seconds = (performance.now() - began) / 1_000;
    console.log(`-- ${step.title}: ${ok ? "passed" : "FAILED"} in ${seconds.toFixed(0)} s`);
    const times = [[seconds, step.title]];
    if (step.isTest === false) return { ...NOTHING, times };
    if (step.reportTo === undefined) return { ...asOneTest(ok, step), times };
    const totals = { ...NOTHING, ...readTotals(file, step) };
    if (totals.failed > 0 || ok) return { ...totals, times: [...times, ...totals.times] };
    // Errors outside of any test fail the run, but no test.
    return {
      ...totals,
      failed: 1,
      failures: [`${step.title}: an error outside of any test: see above`],
      times,
    };
  }

  /** A step that is shown prints while it runs, by default each that keeps all cores busy. The others print at their end. */
  function runProcess({ title, cores, shown = cores === CORES, program = node, env: more }, args) {
    if (shown) console.log(`\n== ${title}`);
    const stdio = shown ? "inherit" : ["ignore", "pipe", "pipe"];
    const child = spawn(program, args, { stdio, env: { ...env, ...more } });
    const printed = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => printed.push(chunk));
    return new Promise((ended) => {
      child.on("error", ({ message }) => {
        console.log(`${title}: ${message}. Is ${program} there? If not, run "npm ci".`);
        ended(false);
      });
      child.on("close", (status) => {
        if (!shown) process.stdout.write(`\n== ${title}\n${Buffer.concat(printed)}`);
        ended(status === 0);
      });
    });
  }
}

const NOTHING = { passed: 0, failed: 0, skipped: 0, failures: [], times: [] };

const asOneTest = (ok, { args }) =>
  ok ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1, failures: [args.join(" ")] };

/** Starts each step as soon as its cores are free, in the given order unless that leaves cores idle. */
async function inOrder(steps, run) {
  const waiting = [...steps];
  const running = new Set();
  let free = CORES;
  while (waiting.length + running.size > 0) {
    const next = waiting.findIndex(({ cores }) => cores <= free);
    if (next < 0) {
      await Promise.race(running);
      continue;
    }
    const [step] = waiting.splice(next, 1);
    free -= step.cores;
    const end = run(step).finally(() => {
      free += step.cores;
      running.delete(end);
    });
    running.add(end);
  }
}

function add(total, { passed, failed, skipped, failures, times }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  total.failures.push(...failures);
  total.times.push(...times);
}

/** The counts of a complete report; of any other, nothing. */
function readTotals(file, { totalsOf }) {
  try {
    return totalsOf(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return NOTHING;
  } finally {
    rmSync(file, { force: true });
  }
}

function totalsOfVitest(report) {
  const files = report.testResults;
  const nameOf = ({ name }) => relative(resolve(), name);
  const broken = files.filter(failedBeforeItsTests);
  const failures = files.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status === "failed")
      .map((test) => `${nameOf(file)} > ${test.fullName}\n    ${firstLine(test.failureMessages?.[0])}`),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: [...failures, ...broken.map((file) => `${nameOf(file)}\n    ${firstLine(file.message)}`)],
    times: files.map((file) => [(file.endTime - file.startTime) / 1_000, nameOf(file)]),
  };
}

function failedBeforeItsTests({ status, assertionResults }) {
  return status === "failed" && assertionResults.every((test) => test.status !== "failed");
}

function firstLine(text = "") {
  return text.split("\n", 1)[0].slice(0, 300);
}
