// Removes what a chaos run made, when its standard input ends: the run is over, was interrupted, or was killed. Its
// messages, one a line: ["process", pid], ["frozen", mount], ["mount", folder], ["folder", path]; ["gone", kind,
// what].
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

const left = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [kind, what, which] = JSON.parse(line);
  if (kind === "gone") left.delete(`${what} ${which}`);
  else left.set(`${kind} ${what}`, [kind, what]);
}

const found = [...left.values()].reverse();
const each = (kind, remove) => {
  for (const [of, what] of found) if (of === kind) remove(what);
};
const run = (program, ...args) => spawnSync(program, args, { stdio: "ignore" });

each("process", (pid) => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
});
each("frozen", (mount) => run("fsfreeze", "--unfreeze", mount));
each("mount", (folder) => {
  for (let tries = 0; tries < 20 && run("umount", folder).status !== 0; tries++) run("sleep", "0.1");
});
// Servers end by themselves when their parent does; files that they write in their last moment are removed too.
each("folder", (path) => rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
