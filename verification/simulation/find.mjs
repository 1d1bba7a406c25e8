// What the simulation finds by itself, and after how many seeds: node verification/simulation/find.mjs
//
//   --library DIR   the build that is looked into (this one's dist)
//   --seeds N       at most so many (5000)
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { planOf } from "./plan.mjs";

const WANT = "one call of a process is rejected for want of a lease";
const AGREE = "state, snapshot, events and calls agree";
const rare = ({ pace }) => pace.kind === "rare" || pace.kind === "bursts";
const calls = (plan, ...kinds) => plan.kinds.some((kind) => kinds.includes(kind));

/** The defect in plain words; the promise that is broken, and the plans or the words in which it shows. */
const FAULTS = [
  [
    "a function that calls its own circuit never closes it",
    "what is called from within a probe belongs to it",
  ],
  [
    "a rare caller that can't wait is always rejected",
    WANT,
    (plan) => rare(plan) && calls(plan, "sync", "nested-sync", "unknown", "fresh"),
  ],
  [
    "a rare caller of a far store is always rejected",
    WANT,
    (plan) => rare(plan) && plan.network.distanceMs > 0 && calls(plan, "run", "async"),
  ],
  ["a job that is a new process each time is always rejected", WANT, ({ pace }) => pace.kind === "job"],
  ["a process's own leases never get longer than a slow probe", "a backend that is well closes it"],
  [
    "a request for the lease that fails at once rejects its caller",
    "a request for the lease that fails at once makes its caller the probe",
  ],
  [
    "out of rotation while it is half-open, so that no call comes",
    "no state is a dead end",
    (plan) => plan.inRotation,
  ],
  [
    "state and calls contradict each other after the time is over",
    AGREE,
    (_, what) => /is half-open, and a call is rejected as open/.test(what),
  ],
  ["a slow answer is taken for recovery", "slow is no recovery"],
  [
    "a name that an operator used first breaks each call",
    "the call's own outcome reaches its caller",
    (plan) => plan.namedFirst,
  ],
  [
    "a far store is taken to be down",
    "a store that answers is not down",
    (plan) => plan.network.distanceMs > 0,
  ],
  [
    "many names make a store without list look down",
    "a store that answers is not down",
    (plan) => plan.names > 0,
  ],
  ["ready() knows nothing new after a freeze", "a process that is ready knows what the fleet knows"],
  ["a listener that calls makes a second probe", "one probe at a time"],
  [
    "retryAfter tells a wait, and a call is admitted",
    AGREE,
    (_, what) => /was half-open for .* and a call was admitted/.test(what),
  ],
];

const { values } = parseArgs({
  options: {
    library: { type: "string", default: fileURLToPath(new URL("../../dist", import.meta.url)) },
    seeds: { type: "string", default: "5000" },
  },
});
const found = new Map();
const others = new Map();
const cores = availableParallelism();
let done = 0;
const children = Array.from({ length: cores }, (_, core) => {
  const part = JSON.stringify({ from: 1 + core, to: 1 + Number(values.seeds), step: cores, also: [] });
  const run = fileURLToPath(new URL("run.mjs", import.meta.url));
  const child = fork(run, ["--through", "--field", "--library", values.library, "--part", part]);
  child.on("message", (message) => {
    if (message === "done") return;
    const { seed, violations } = message;
    done++;
    const plan = planOf(seed, false, true);
    for (const { promise, what } of violations) {
      const known = FAULTS.filter(([, broken, when = () => true]) => broken === promise && when(plan, what));
      for (const [title] of known) found.set(title, Math.min(found.get(title) ?? Infinity, seed));
      if (known.length === 0) others.set(promise, [...(others.get(promise) ?? []), seed]);
    }
    if (found.size === FAULTS.length) for (const each of children) each.kill();
  });
  return child;
});
await Promise.all(children.map((child) => new Promise((ended) => child.once("exit", ended))));
console.log("| what is wrong | found by seed |\n|---|---|");
for (const [title] of FAULTS) console.log(`| ${title} | ${found.get(title) ?? "not found"} |`);
console.log(`\n${done} seeds of ${values.library}`);
for (const [promise, seeds] of others)
  console.log(`besides, "${promise}": ${seeds.length} times, first by seed ${Math.min(...seeds)}`);
