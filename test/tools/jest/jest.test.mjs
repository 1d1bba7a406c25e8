import { test } from "node:test";
import { command, copyOf, runs } from "../project.mjs";

const jest = command("jest");

test("Jest without a configuration: CommonJS, fake timers, modules loaded anew", async (t) => {
  await runs(t, jest, ["--ci", "--runInBand"], { cwd: copyOf("jest/commonjs") });
});

test("Jest with ES modules, as Node's flag allows", async (t) => {
  await runs(t, process.execPath, ["--experimental-vm-modules", jest, "--ci", "--runInBand"], {
    cwd: copyOf("jest/modules"),
  });
});

test("ts-jest, a TypeScript project that is CommonJS", async (t) => {
  await runs(t, jest, ["--ci", "--runInBand"], { cwd: copyOf("ts-jest") });
});
