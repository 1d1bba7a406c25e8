// Deliberate mistakes in the protocol, made in a copy of the built library: the simulation has to find each one.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BUILD = fileURLToPath(new URL("../../build", import.meta.url));

/** Callers that live for one call, or come back once in a while. */
const ofJobs = ({ pace, without }) => pace.kind === "job" && !without.includes("swap");
const ofRareCallers = ({ pace, storeEnds }) =>
  (pace.kind === "rare" || pace.kind === "bursts") && storeEnds === undefined;
const whoCall =
  (...kinds) =>
  (plan) =>
    plan.kinds.some((kind) => kinds.includes(kind)) && plan.options.recovery !== "all";

/** What is wrong, where, what is there, what takes its place, and in which plans it could show: in plain ones, if nothing is said. */
export const MUTANTS = [
  [
    "results count whatever they were admitted under",
    "breaker/outcome.js",
    "if (admission.epoch !== epoch)",
    "if (false)",
    {},
  ],
  [
    "a late success closes",
    "breaker/outcome.js",
    'if (admission.kind === "probe") {\n        if (!isProbe(breaker, admission))\n            return;\n        if (slow)',
    'if (breaker.current.admits === "nothing") {\n        if (slow)',
  ],
  [
    "revisions restart at 1",
    "protocol/transition.js",
    "Math.max(highestSeen + 1, Math.floor(storeNow))",
    "highestSeen + 1",
    {
      plain: true,
      where: ({ events, tells }) =>
        tells && events.some(({ what }) => what === "empty" || what === "restart"),
    },
  ],
  [
    "a write keeps the revision it found",
    "protocol/transition.js",
    "Math.max(highestSeen + 1, Math.floor(storeNow))",
    "Math.max(highestSeen, Math.floor(storeNow / 1e6))",
  ],
  [
    "a lease is taken though another's runs",
    "breaker/lease.js",
    'if (shared(state, now, own).kind !== "due")\n        return null;',
    "",
  ],
  [
    "a lease has no end",
    "breaker/lease.js",
    "return Math.min(first * 2 ** lapsed, LEASE_LONGEST_MS);",
    "return 3_600_000;",
  ],
  [
    "a probe that succeeded changes nothing",
    "breaker/outcome.js",
    'breaker.dispatch({ type: "probe-succeeded", slept: breaker.slept });',
    ";",
  ],
  [
    "last write wins: the merge takes whatever came last",
    "sync/cache.js",
    "if (order < 0) {",
    "if (false) {",
  ],
  [
    "what the store lacks is closed",
    "sync/cache.js",
    "this.#host.health.valid(entry.key);\n        this.#host.forgotten(entry);",
    "entry.cached = null;\n        entry.subscriber?.changed();",
  ],
  [
    "a store that forgot is not told again",
    "sync/restore.js",
    "if (entry.restoring || surviving(host, entry) === null)\n        return;",
    "return;",
  ],
  ["swaps don't compare", "sync/store-operations.js", "if (store.swap)", "if (false)"],
  ["a swap that failed is taken for granted", "sync/writer.js", "if (ok || value === raw) {", "if (true) {"],
  [
    "a trip is not written",
    "breaker/decision.js",
    "until: stamp.now + Math.ceil(left) };",
    'until: stamp.now + Math.ceil(left), state: "closed" };',
  ],
  [
    "what a process decides alone is not obeyed",
    "breaker/standing.js",
    'if (decision.kind === "opened" && now < decision.untilMs) {',
    "if (false) {",
  ],
  [
    "the less restrictive of the two is obeyed",
    "breaker/standing.js",
    "    const { deadline } = record;",
    '    if (decision.kind === "none")\n        return CLOSED;\n    const { deadline } = record;',
  ],
  [
    "the store is never polled",
    "sync/read-timer.js",
    "this.#cancel = this.#clock.after(ms, () => {",
    "this.#cancel = this.#clock.after(ms * 1e6, () => {",
  ],
  [
    "a store that failed is never asked again",
    "sync/loop.js",
    "this.#timer.schedule(share * retryDelay(this.#lists.timeouts, this.#clock.random()));",
    "",
  ],
  [
    "calls wait for the lease as long as it takes",
    "breaker/admission-control.js",
    "canWait ? session.leaseWaitMs : 0",
    "canWait ? 5_000 : 0",
  ],
  [
    "a call asks the store first",
    "breaker/breaker.js",
    "if (this.admission.admitsAll)\n            return this.admission;\n        if (this.session",
    'this.session.replica.store.get("circuit:" + this.key);\n        if (this.admission.admitsAll)\n            return this.admission;\n        if (this.session',
  ],
  [
    "the deadline is not clamped",
    "sync/local-deadline.js",
    "return Math.min(record.until - arrival.now, most);",
    "return (record.until - arrival.now) * 20;",
  ],
  [
    "the deadline moves later with each poll",
    "sync/cache.js",
    "deadline = Math.min(deadline, known.deadline);",
    "deadline = clock.now() + record.duration;",
  ],
  [
    "a renewal is a transition",
    "protocol/transition.js",
    "return { ...record, revision: stamp.revision, nonce: stamp.nonce };",
    'return { ...record, generation: record.generation, state: record.state === "open" ? "closed" : record.state, revision: stamp.revision, nonce: stamp.nonce };',
  ],
  ["one vote is a quorum", "breaker/decision.js", "if (votes.length < ballot.quorum)", "if (false)"],
  [
    "every process has a vote",
    "protocol/ballot.js",
    "const host = shortenHost(ballot.host);\n    const others",
    "const host = shortenHost(ballot.owner.slice(-60));\n    const others",
  ],
  [
    "a failed probe leaves the circuit to itself",
    "breaker/outcome.js",
    "reopen(breaker, openingOf(breaker, failure, reason));",
    ";",
  ],
  [
    "when the time is up every call goes through",
    "breaker/standing.js",
    'if (own.settings.recovery === "all")',
    "if (true)",
  ],
  [
    "a stalled process trips",
    "call/outcome-recorder.js",
    'origin: stalled ? "stall" : origin',
    'origin: false ? "stall" : origin',
  ],
  [
    "a lease that lapses is never noticed",
    "breaker/standing.js",
    'return state === "half-open" ? lapsed > 0 || owner !== "" : now - record.deadline >= LEASE_MS;',
    "return false;",
    { where: ofJobs },
  ],
  [
    "a caller who waited and got no lease leaves no trace",
    "breaker/on-call.js",
    "recovery: { ...state.recovery, unserved: true }",
    "recovery: state.recovery",
    { where: ofRareCallers },
  ],
  [
    "a call from within the probe is rejected",
    "breaker/on-call.js",
    'event.withinProbe || runsNested(state, now) ? "nested" : "reject"',
    '"reject"',
    { where: whoCall("nested", "nested-other", "nested-sync") },
  ],
  [
    "what is called from within the probe is judged as a call of its own",
    "breaker/admission.js",
    'new Admission("nested", false, -1)',
    'new Admission("closed", false, -1)',
    { where: whoCall("nested", "nested-other", "nested-sync") },
  ],
  [
    "leases of a process's own don't get longer",
    "breaker/on-call.js",
    "recovery: { ...recovery, lapses: recovery.lapses + 1 }",
    "recovery",
    { where: ({ latencyMs }) => latencyMs > 0 },
  ],
  [
    "leases of the fleet don't get longer",
    "breaker/lease.js",
    "return Math.min(first * 2 ** lapsed, LEASE_LONGEST_MS);",
    "return first;",
    { where: ({ latencyMs }) => latencyMs > 0 },
  ],
  ["a slow probe closes it", "breaker/outcome.js", "if (slow)", "if (false)", { where: ({ slow }) => slow }],
  [
    "a request for the lease that fails at once rejects its caller",
    "breaker/on-call.js",
    "event.storeFails || isOpenHereAlone",
    "isOpenHereAlone",
    {
      where: ({ events, storeEnds }) =>
        storeEnds === "refused" || events.some(({ mode }) => mode === "refused"),
    },
  ],
  [
    "while a caller waits for its lease nothing is announced",
    "breaker/standing.js",
    'if (probe.kind !== "none" && now < probe.untilMs)',
    'if (probe.kind === "running" && now < probe.untilMs)',
    {},
  ],
  [
    "listeners are told before it is so",
    "breaker/breaker.js",
    "        this.#state = state;\n",
    '        for (const effect of effects) if (effect.type === "announce") this.#carryOut(effect);\n        this.#state = state;\n',
    {},
  ],
  [
    "a process that was frozen believes what it knew",
    "sync/loop.js",
    "if (this.#closed || (this.#unbroken && this.#readAt >= after))",
    "if (true)",
    { where: ({ events }) => events.some(({ what }) => what === "freeze") },
  ],
  [
    "the call's error is wrapped",
    "call/guard.js",
    "this.threw(admission, error, undefined);\n            throw error;",
    'this.threw(admission, error, undefined);\n            throw new Error("wrapped", { cause: error });',
  ],
];

/** A copy of the library with one mistake in it. */
export function mutate([title, file, what, instead]) {
  const folder = mkdtempSync(join(tmpdir(), "failfast-mutant-"));
  cpSync(BUILD, folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  const path = join(folder, file);
  const source = readFileSync(path, "utf8");
  const times = source.split(what).length - 1;
  if (times !== 1) throw new Error(`"${title}": what it replaces is ${times} times in ${file}`);
  writeFileSync(
    path,
    source.replace(what, () => instead),
  );
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
