import { test } from "node:test";
import { command, copyOf, runs } from "../project.mjs";

const jest = command("jest");

test("Jest without a configuration: CommonJS, fake timers, modules loaded anew", async () => {
  await runs(jest, ["--ci", "--runInBand"], { cwd: copyOf("jest/commonjs") });
});

test("Jest with ES modules, as Node's flag allows", async () => {
  await runs(process.execPath, ["--experimental-vm-modules", jest, "--ci", "--runInBand"], {
    cwd: copyOf("jest/modules"),
  });
});

test("ts-jest, a TypeScript project that is CommonJS", async () => {
  await runs(jest, ["--ci", "--runInBand"], { cwd: copyOf("ts-jest") });
});
