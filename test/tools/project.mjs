// Common parts of the tools' tests: a copy of a tool's project to work in, and supervised processes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The command of a package that is installed here. */
export const command = (name) => join(here, "node_modules/.bin", name);

/** A new folder, which is removed after all tests of a file. */
export function newFolder(parent = tmpdir(), name = "failfast-tools") {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, `${name}-`));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

// Tools keep caches in the temporary folder.
process.env.TMPDIR = newFolder();

/** A copy of one of our folders, beside the installed tools. */
export function copyOf(folder) {
  const copy = newFolder(join(here, ".work"), folder.replaceAll("/", "-"));
  cpSync(join(here, folder), copy, { recursive: true });
  return copy;
}

/** Commands run with the Node that runs this one, without the test runner's environment. */
const environment = {
  ...process.env,
  PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
  NODE_OPTIONS: "",
  NODE_TEST_CONTEXT: undefined,
  NO_COLOR: "1",
};

/** A process, its output so far, and its end. It is killed after the test. */
export function start(t, file, args, options = {}) {
  const child = spawn(file, args, {
    ...options,
    env: { ...environment, ...options.env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
  });
  const started = { child, output: "" };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      started.output += text;
    });
  started.ended = new Promise((done) => child.on("close", (code) => done(code)));
  t.after(() => stop(started));
  return started;
}

/** Ends a process and those that it started. */
export async function stop({ child, ended }) {
  if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
  await ended;
}

/** Runs to the end, which must be successful, and returns the output. */
export async function runs(t, file, args, options) {
  const started = start(t, file, args, options);
  const code = await started.ended;
  assert.equal(code, 0, `${file} ${args.join(" ")} ended with ${code}:\n${started.output}`);
  return started.output;
}

/** Waits for a condition, within a time limit. */
export async function until(condition, what, ms = 60_000) {
  const deadline = performance.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline)
      assert.fail(`${typeof what === "function" ? what() : what} (not within ${ms} ms)`);
    await new Promise((turn) => setTimeout(turn, 50));
  }
}
