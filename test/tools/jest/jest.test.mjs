import { test } from "node:test";
import { command, copyOf, runs } from "../project.mjs";

const jest = command("jest");

test("Jest works without a configuration: CommonJS, fake timers, modules loaded again", async (t) => {
  await runs(t, jest, ["--ci", "--runInBand"], { cwd: copyOf("jest/commonjs") });
});

test("Jest works with ES modules, behind Node's flag", async (t) => {
  await runs(t, process.execPath, ["--experimental-vm-modules", jest, "--ci", "--runInBand"], {
    cwd: copyOf("jest/modules"),
  });
});

test("ts-jest works in a TypeScript project that is CommonJS", async (t) => {
  await runs(t, jest, ["--ci", "--runInBand"], { cwd: copyOf("ts-jest") });
});
