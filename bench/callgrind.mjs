// The instructions of a call, counted by valgrind's callgrind: those of a long run less those of a short one, so that
// start-up cancels out. They do not depend on how busy or how fast the machine is.
import { execFile, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const REPEATABLE = ["--predictable", "--single-threaded", "--hash-seed=1", "--random-seed=1"];

export const hasValgrind = () => spawnSync("valgrind", ["--version"]).status === 0;

/** Of `node FLAGS FILE NAME CALLS`, in a short and a long run. */
export async function instructions(file, name, [short, long], flags) {
  return Math.round(
    ((await collected(file, name, long, flags)) - (await collected(file, name, short, flags))) /
      (long - short),
  );
}

/** Of each name, in as many processes at a time as there are cores; returned by name. */
export async function ofEach(names, count) {
  const waiting = [...names];
  const counts = {};
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      counts[name] = await count(name);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return counts;
}

async function collected(file, name, calls, flags) {
  const command = [process.execPath, ...flags, ...REPEATABLE, fileURLToPath(file), name, String(calls)];
  const options = [
    "--tool=callgrind",
    "--smc-check=all-non-file",
    "--callgrind-out-file=/dev/null",
    ...command,
  ];
  const { stderr } = await run("valgrind", options, { maxBuffer: 1e7 });
  const [, count] = /Collected : (\d+)/.exec(stderr) ?? [];
  if (count === undefined) throw new Error(`callgrind said nothing of ${name}:\n${stderr}`);
  return Number(count);
}
