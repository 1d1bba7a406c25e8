import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "vitest";
import { sharedFolder } from "./shared-folder.js";

/** The project as in a fresh clone, with nothing installed but the bundler. */
function clone(): string {
  const folder = sharedFolder("demo-");
  for (const part of ["package.json", "scripts", "src", "examples/demo"])
    cpSync(part, join(folder, part), { recursive: true });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(resolve("node_modules/rolldown"), join(folder, "node_modules/rolldown"));
  return folder;
}

test.concurrent("the demo of a fresh clone runs to its end, and every claim in it holds", async ({
  expect,
  onTestFinished,
}) => {
  const folder = clone();
  const demo = spawn(process.execPath, [join(folder, "examples/demo/start.mjs"), "demo", "--fast"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  let said = "";
  for (const stream of [demo.stdout, demo.stderr]) stream.on("data", (text) => (said += text));
  const [code] = await once(demo, "exit");
  expect(said).toMatch(/^failfast: four processes/);
  // On a busy machine each of the four processes may send a probe of its own.
  expect(said).toMatch(
    /The failure in one process opened the circuit for all four, and (one probe|[2-4] probes) closed it for all four\./,
  );
  expect(code).toBe(0);
});

test.concurrent("the shell has a backend that can be broken, and a circuit that opens", async ({
  expect,
  onTestFinished,
}) => {
  const shell = spawn(process.execPath, ["examples/demo/shell.mjs"], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void shell.kill());
  let said = "";
  shell.stdout.on("data", (text) => {
    said += text;
  });
  const type = async (line: string, answer: string): Promise<void> => {
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/failfast> $/);
    said = "";
    shell.stdin.write(`${line}\n`);
    await expect.poll(() => said, { timeout: 20_000 }).toContain(answer);
  };
  await type("await call()", "'ok'");
  await type("backend.break()", "undefined");
  await type("await call()", "the backend answered 500");
  await type("await call()", 'circuit "sales_api" is open');
  await type("backend.calls", "2");
});
