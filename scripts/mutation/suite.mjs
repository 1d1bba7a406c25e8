// Stands in for vitest where mutants are tried: it only collects the tests. They use vitest's own `expect` and `vi`.
import { expect, vi } from "vitest";

/** Runs a test file, and returns its tests: `{ name, run, after }`. `load` gets what `import "vitest"` gives there. */
export function collect(file, load) {
  const tests = [];
  // From the file inwards: its blocks, with what each does after each of its tests.
  let blocks = [{ name: file, after: [] }];

  const test = (name, body, ...args) => {
    if (typeof body !== "function")
      throw new TypeError(`${file}: "${name}" has options, which are not known here`);
    const around = blocks;
    tests.push({
      name: [...around.map((block) => block.name), name].join(" > "),
      run: () => body(...args),
      after: () => around.flatMap((block) => block.after),
    });
  };
  const describe = (name, body) => {
    const around = blocks;
    blocks = [...around, { name, after: [] }];
    body();
    blocks = around;
  };
  test.each = (rows) => (name, body) => eachOf(name, rows, (title, row) => test(title, body, ...row));
  describe.each = (rows) => (name, body) =>
    eachOf(name, rows, (title, row) => describe(title, () => body(...row)));
  const afterEach = (body) => blocks.at(-1).after.push(body);

  load({ expect, vi, test, it: test, describe, afterEach });
  return tests;
}

function eachOf(name, rows, use) {
  for (const [index, row] of rows.entries()) use(`${name} [${index}]`, Array.isArray(row) ? row : [row]);
}
