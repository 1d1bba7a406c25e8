// Whether chaos finds what is wrong: a copy of the library with one mistake in it must fail, by the check that is
// meant for it. node verification/chaos/check-the-checker.mjs [a part of a mistake's title]
import { spawn } from "node:child_process";
import { chmodSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { makeMistake, MISTAKES as SIMULATED } from "../simulation/mistakes.mjs";

const known = (title) => SIMULATED.find(({ mistake }) => mistake === title);

/** The mistake, the store, the fault, and the check that has to fail. */
const MISTAKES = [
  [
    known("what the store lacks is closed"),
    "memcached",
    "flush_all while open",
    "let through by an open one",
  ],
  [
    known("a store that forgot is not told again"),
    "memcached",
    "flush_all while open",
    "written again after",
  ],
  [known("a store that failed is never asked again"), "memcached", "network: down", "in step after"],
  [known("what a process decides alone is not obeyed"), "redis", "frozen", "not in step before"],
  [known("the call's error is wrapped"), "redis", "subscribers killed", "outcome of nobody's"],
  [known("a call asks the store first"), "redis", "subscribers killed", "commands of a process per second"],
  [known("a trip is not written"), "redis", "subscribers killed", "not in step before"],
  [
    {
      mistake: "a call waits for the store",
      file: "call/run.js",
      text: "return result.then(onSuccess, onFailure);",
      instead:
        "return new Promise((done) => setTimeout(done, 5)).then(() => result).then(onSuccess, onFailure);",
    },
    "redis",
    "frozen",
    "added to a call at p99",
  ],
  [
    {
      mistake: "refused writes are tried again at once",
      file: "sync/retry.js",
      text: "const RETRY_MS = 800;",
      instead: "const RETRY_MS = 20;",
    },
    "redis",
    "read-only",
    "commands of a process per second",
  ],
  [
    {
      mistake: "a refused call leaves something behind",
      file: "breaker/breaker.js",
      text: "if (this.session.isBefore(this.rejectUntilMs))\n            return undefined;\n        return this.gate",
      instead:
        "if (this.session.isBefore(this.rejectUntilMs))\n            return void (globalThis.kept ??= []).push(new Array(2_000).fill(0));\n        return this.gate",
    },
    "redis",
    "frozen",
    "memory grown by",
  ],
  [
    {
      mistake: "a stalled process votes",
      file: "breaker/outcome.js",
      text: ' && failure.origin !== "stall"',
      instead: "",
    },
    "redis",
    "event loop blocked",
    "refused by a closed circuit",
  ],
  [
    {
      mistake: "a lease is too long",
      file: "breaker/reducer/lease.js",
      text: "const LEASE_MARGIN_MS = 1_000;",
      instead: "const LEASE_MARGIN_MS = 4_000;",
    },
    "redis",
    "prober killed",
    "next probe after",
  ],
  [known("a probe that succeeded changes nothing"), "redis", "prober killed", "processes that did not close"],
  [
    {
      mistake: "a call is spent though there is a check",
      file: "breaker/reducer/on-call.js",
      text: "if (!event.byCheck && !event.asked && isChecked(state, now, own))",
      instead: "if (false)",
    },
    "redis",
    "checker killed amid its check",
    "reached the backend before a check",
  ],
  [
    {
      mistake: "nobody makes the check of a process that is lost",
      file: "call/recovery-check.js",
      text: "if (this.#attempt === undefined)\n            this.#setTimer(",
      instead: 'if (this.#attempt === undefined && state === "open")\n            this.#setTimer(',
    },
    "redis",
    "checker frozen amid its check",
    "next check after",
  ],
];

const chaos = fileURLToPath(new URL("run.mjs", import.meta.url));
const chosen = MISTAKES.filter(([{ mistake }]) => mistake.includes(process.argv[2] ?? ""));
let failed = 0;
for (const [its, store, fault, check] of chosen) {
  const { folder, remove } = makeMistake(its);
  chmodSync(folder, 0o755);
  const said = await run([
    "--library",
    folder,
    "--store",
    store,
    "--fault",
    fault,
    "--processes",
    "4",
    "--seconds",
    "1",
  ]);
  remove();
  const found = said.includes(check);
  if (!found) failed++;
  console.log(`${its.mistake.padEnd(50)} ${found ? `found: ${check}` : `NOT FOUND\n${said}`}`);
}
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** The complaints of a run. A run without complaints prints none. */
async function run(args) {
  const child = spawn(process.execPath, [chaos, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const text of child.stdout) said += text;
  const [, complaints = ""] = said.split(/^.* kinds of fault.*$/m);
  return complaints;
}
