// Replaces vitest when mutants are tried: it only collects the tests, which use vitest's own `expect` and `vi`, but for
// what works only in vitest's own runner.
import { expect as plain, vi as whole } from "vitest";

const { setTimeout } = globalThis;
const expect = Object.assign((...given) => plain(...given), plain, { poll });
const vi = Object.assign(Object.create(whole), { stubEnv, unstubAllEnvs });
/** The environment's own values of what tests have changed. */
const stubbed = new Map();

/**
 * Runs a test file, and returns its tests: `{ name, run, after }`. `load` gets the replacement for `import "vitest"`.
 */
export function collect(file, load) {
  const tests = [];
  // From the file inwards: its blocks, with what each does before and after its tests.
  let blocks = [{ name: file, before: [], after: [] }];
  let finished = [];

  const add = (name, body, row = []) => {
    const around = blocks;
    tests.push({
      name: [...around.map((block) => block.name), name].join(" > "),
      async run() {
        finished = [];
        for (const before of around.flatMap((block) => block.before)) await before();
        await body(...row);
      },
      after: () => [...finished, ...around.flatMap((block) => block.after)],
    });
  };
  const group = (name, body, row = []) => {
    const around = blocks;
    blocks = [...around, { name, before: [], after: [] }];
    body(...row);
    blocks = around;
  };
  const test = written(add);
  const describe = written(group);
  const beforeEach = (body) => blocks.at(-1).before.push(body);
  const afterEach = (body) => blocks.at(-1).after.push(body);
  const onTestFinished = (body) => finished.push(body);

  load({ expect, vi, test, it: test, describe, beforeEach, afterEach, onTestFinished });
  return tests;
}

function stubEnv(name, value) {
  if (!stubbed.has(name)) stubbed.set(name, process.env[name]);
  setEnv(name, value);
}

function unstubAllEnvs() {
  for (const [name, value] of stubbed) setEnv(name, value);
  stubbed.clear();
}

function setEnv(name, value) {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

/** Tries until the value is as expected. The time limit of the test ends it. */
function poll(read, { interval = 50 } = {}) {
  const expectation =
    (matcher) =>
    async (...given) => {
      for (;;) {
        const value = await read();
        try {
          return expect(value)[matcher](...given);
        } catch {
          await new Promise((resolve) => setTimeout(resolve, interval));
        }
      }
    };
  return new Proxy({}, { get: (_, matcher) => expectation(matcher) });
}

/** As vitest takes it: options may stand before the body, and a time limit behind it. Neither matters here. */
function written(add) {
  const bodyOf = (given) => given.find((each) => typeof each === "function");
  const one = (name, ...given) => add(name, bodyOf(given));
  one.each =
    (rows) =>
    (name, ...given) => {
      for (const [index, row] of rows.entries())
        add(`${name} [${index}]`, bodyOf(given), Array.isArray(row) ? row : [row]);
    };
  return one;
}
