// The examples of docs/testing.md, each run with its tool.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { command, newFolder, runs } from "../project.mjs";

const examples = fileURLToPath(new URL("../../../examples/testing/", import.meta.url));
const work = fileURLToPath(new URL("../.work/", import.meta.url));

/** A project with the code under test, and one example under the name that the tool needs. */
function projectWith(example, name) {
  const folder = newFolder(work, "testing");
  for (const code of ["sales.mjs", "sales.cjs"]) cpSync(join(examples, code), join(folder, code));
  cpSync(join(examples, example), join(folder, name));
  return folder;
}

test("the example for vitest passes", async (t) => {
  const cwd = projectWith("sales.vitest.mjs", "sales.test.mjs");
  await runs(t, command("vitest"), ["run", "--maxWorkers", "1"], { cwd });
});

test("the example for Jest passes", async (t) => {
  const cwd = projectWith("sales.jest.cjs", "sales.test.cjs");
  await runs(t, command("jest"), ["--ci", "--runInBand", "--rootDir", cwd], { cwd });
});

test("the example for node:test passes", async (t) => {
  const cwd = projectWith("sales.node.mjs", "sales.test.mjs");
  await runs(t, process.execPath, ["--test", "sales.test.mjs"], { cwd });
});

test("the example with a clock that the test moves passes", async (t) => {
  const cwd = projectWith("manual-clock.mjs", "manual-clock.mjs");
  const said = await runs(t, process.execPath, ["manual-clock.mjs"], { cwd });
  assert.match(said, /closed by the first call after it/);
});
