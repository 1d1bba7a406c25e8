// Replaces vitest when mutants are tried: it only collects the tests, which use vitest's own `expect` and `vi`.
import { expect, vi } from "vitest";

/**
 * Runs a test file, and returns its tests: `{ name, run, after }`. `load` gets the replacement for `import "vitest"`.
 */
export function collect(file, load) {
  const tests = [];
  // From the file inwards: its blocks, with what each does after its tests.
  let blocks = [{ name: file, after: [] }];

  const add = (name, body, row = []) => {
    const around = blocks;
    tests.push({
      name: [...around.map((block) => block.name), name].join(" > "),
      run: () => body(...row),
      after: () => around.flatMap((block) => block.after),
    });
  };
  const group = (name, body, row = []) => {
    const around = blocks;
    blocks = [...around, { name, after: [] }];
    body(...row);
    blocks = around;
  };
  const test = written(add);
  const describe = written(group);
  const afterEach = (body) => blocks.at(-1).after.push(body);

  load({ expect, vi, test, it: test, describe, afterEach });
  return tests;
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
