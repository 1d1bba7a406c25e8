// Deliberate mistakes in the protocol, made in a copy of the built library: the simulation has to find each one.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BUILD = fileURLToPath(new URL("../../build", import.meta.url));

/** Callers that live for one call, or call rarely. */
const ofJobs = ({ pace, without }) => pace.kind === "job" && !without.includes("swap");
const ofRareCallers = ({ pace, storeEnds }) =>
  (pace.kind === "rare" || pace.kind === "bursts") && storeEnds === undefined;
/** After these nothing can be said of how long it was closed. */
const FORGET = ["empty", "roll-back", "evict", "restart", "sleep"];
const whoCall =
  (...kinds) =>
  (plan) =>
    plan.kinds.some((kind) => kinds.includes(kind)) && plan.options.recovery !== "all";

/**
 * The mistake, its file, the original text, the replacement, and the plans in which it could show: plain ones by
 * default.
 */
export const MUTANTS = [
  [
    "results count whatever they were admitted under",
    "breaker/outcome.js",
    "if (admission.epoch !== breaker.current.epoch)",
    "if (false)",
    {},
  ],
  [
    "a late success closes",
    "breaker/outcome.js",
    'if (admission.kind === "probe")\n        probeSucceeded(breaker, admission, slow);',
    'if (breaker.current.admits === "nothing")\n        breaker.dispatch({ type: "probe-succeeded" });',
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
    "breaker/reducer/lease.js",
    'if (shared(state, now, own).kind !== "due")\n        return null;',
    "",
  ],
  [
    "a lease has no end",
    "breaker/reducer/lease.js",
    "return Math.min(first * 2 ** lapsed, LEASE_LONGEST_MS);",
    "return 3_600_000;",
  ],
  [
    "a probe that succeeded changes nothing",
    "breaker/outcome.js",
    'breaker.dispatch({ type: "probe-succeeded", slept: breaker.gate.slept });',
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
    "breaker/reducer/decision.js",
    "until: stamp.now + Math.ceil(left) };",
    'until: stamp.now + Math.ceil(left), state: "closed" };',
  ],
  [
    "what a process decides alone is not obeyed",
    "breaker/reducer/standing.js",
    'if (decision.kind === "opened" && now < decision.untilMs) {',
    "if (false) {",
  ],
  [
    "the less restrictive of the two is obeyed",
    "breaker/reducer/standing.js",
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
    "sync/synchroniser.js",
    "this.#timer.schedule(share * retryDelay(this.#lists.timeouts, this.#clock.random()));",
    "",
  ],
  [
    "calls wait for the lease as long as it takes",
    "breaker/call-gate.js",
    "canWait ? session.leaseWaitMs : 0",
    "canWait ? 5_000 : 0",
  ],
  [
    "a call asks the store first",
    "breaker/breaker.js",
    "if (this.admission.admitsAll) {",
    'this.session.replica.store.get("circuit:" + this.key);\n        if (this.admission.admitsAll) {',
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
  ["one vote is a quorum", "breaker/reducer/decision.js", "if (votes.length < ballot.quorum)", "if (false)"],
  [
    "every process has a vote",
    "breaker/reducer/decision.js",
    "const ballot = { host: own.host,",
    "const ballot = { host: own.owner,",
  ],
  [
    "a failed probe leaves the circuit to itself",
    "breaker/outcome.js",
    "reopen(breaker, failure.reason(failure.error, breaker.settings.shareReason), failure);",
    ";",
  ],
  [
    "when the time is up every call goes through",
    "breaker/reducer/standing.js",
    'if (own.settings.recovery === "all")',
    "if (true)",
  ],
  [
    "a stalled process trips",
    "call/record-outcome.js",
    'origin: stalled ? "stall" : origin',
    'origin: false ? "stall" : origin',
    {
      plain: true,
      where: ({ events, options: { callTimeout, window } }) =>
        callTimeout && !window && events.some(({ what }) => what === "stall"),
    },
  ],
  [
    "a lease that lapses is never noticed",
    "breaker/reducer/standing.js",
    'return state === "half-open" ? lapsed > 0 || owner !== "" : now - record.deadline >= LEASE_MS;',
    "return false;",
    { where: ofJobs },
  ],
  [
    "a caller who waited and got no lease leaves no trace",
    "breaker/reducer/on-call.js",
    "recovery: { ...state.recovery, unserved: true }",
    "recovery: state.recovery",
    { where: ofRareCallers },
  ],
  [
    "a call from within the probe is rejected",
    "breaker/reducer/on-call.js",
    'event.withinProbe || runsNested(state, now) ? "nested" : "reject"',
    '"reject"',
    { where: whoCall("nested", "nested-other", "nested-sync") },
  ],
  [
    "what is called from within the probe is judged as a call of its own",
    "breaker/call-gate.js",
    "return NESTED;",
    'return new Admission("closed", false, current.epoch);',
    { where: whoCall("nested", "nested-other", "nested-sync") },
  ],
  [
    "leases of a process's own don't get longer",
    "breaker/reducer/on-call.js",
    "recovery: { ...recovery, lapses: recovery.lapses + 1 }",
    "recovery",
    { where: ({ latencyMs }) => latencyMs > 0 },
  ],
  [
    "leases of the fleet don't get longer",
    "breaker/reducer/lease.js",
    "return Math.min(first * 2 ** lapsed, LEASE_LONGEST_MS);",
    "return first;",
    { where: ({ latencyMs }) => latencyMs > 0 },
  ],
  [
    "a slow probe closes it",
    "breaker/outcome.js",
    'reopen(breaker, "slow calls");',
    'breaker.dispatch({ type: "probe-succeeded", slept: breaker.gate.slept });',
    { where: ({ slow }) => slow },
  ],
  [
    "a request for the lease that fails at once rejects its caller",
    "breaker/reducer/on-call.js",
    "event.storeFails || isOpenHereAlone",
    "isOpenHereAlone",
    {
      where: ({ events, storeEnds }) =>
        storeEnds === "refused" || events.some(({ mode }) => mode === "refused"),
    },
  ],
  [
    "while a caller waits for its lease the others wait, too",
    "breaker/reducer/standing.js",
    'if (probe.kind !== "none" && now < probe.untilMs)',
    'if (probe.kind === "running" && now < probe.untilMs)',
    { where: ({ pace }) => pace.kind === "bursts" },
  ],
  [
    "listeners are told before it is so",
    "breaker/breaker.js",
    "        this.#state = state;\n",
    '        for (const effect of effects) if (effect.type === "announce") carryOut(this, effect);\n        this.#state = state;\n',
    {},
  ],
  [
    "a process that was frozen believes what it knew",
    "sync/synchroniser.js",
    "if (this.#closed || (this.#unbroken && this.#readAt >= after))",
    "if (true)",
    { where: ({ events }) => events.some(({ what }) => what === "freeze") },
  ],
  [
    "the call's error is wrapped",
    "call/guard.js",
    "recordThrown(this, admission, error, undefined);\n            throw error;",
    'recordThrown(this, admission, error, undefined);\n            throw new Error("wrapped", { cause: error });',
  ],
  [
    "what is ignored is a failure",
    "call/call-policy.js",
    'if (ignored !== undefined && ask("ignore", ignored, error, false))',
    "if (false)",
    { where: ({ ignores }) => ignores > 0 },
  ],
  [
    "a success does not end failures in a row",
    "policy/consecutive-policy.js",
    "failed ? this.#failures + 1 : 0",
    "this.#failures + (failed ? 1 : 0)",
    { where: ({ options, slow }) => options.consecutive > 0 && options.callTimeout === undefined && !slow },
  ],
  [
    "failures in a row are not counted beside a rate",
    "policy/trip-rule.js",
    "reason ??= this.#threshold?.record(now, failed);\n        return reason ?? this.#consecutive?.record(now, failed);",
    "reason ??= this.#threshold?.record(now, failed);\n        return reason;",
    { where: ({ options }) => options.consecutive > 0 && options.failureRate > 0 },
  ],
  [
    "a rate trips without its threshold",
    "policy/trip-rule.js",
    " && failures >= threshold)",
    ")",
    { where: ({ options }) => options.threshold > 0 && options.failureRate > 0 },
  ],
  [
    "an update forgets what was counted",
    "breaker/breaker.js",
    "if (!countsAlike(settings, this.settings)) {",
    "if (true) {",
    {
      where: ({ events, options }) =>
        (options.consecutive ?? options.threshold ?? 0) > 1 && events.some(({ what }) => what === "update"),
    },
  ],
  [
    "an update closes the circuit",
    "breaker/breaker.js",
    "this.settings = settings;\n        this.admission",
    "this.settings = settings;\n        this.#state = INITIAL;\n        this.admission",
    { where: ({ events }) => events.some(({ what }) => what === "update") },
  ],
  [
    "with all open the one that reopens last is asked",
    "api/first-available.js",
    "bySoonest.find(",
    "bySoonest.findLast(",
    { where: ({ firstAvailable }) => firstAvailable?.whenAllOpen === "try" },
  ],
  [
    "with all open the call is rejected all the same",
    "api/first-available.js",
    'if (whenAllOpen === "try" && soonest !== undefined)',
    "if (false)",
    { where: ({ firstAvailable }) => firstAvailable?.whenAllOpen === "try" },
  ],
  [
    "a silent stream goes on",
    "call/silence.js",
    "this.#onSilent({ error, since });",
    "",
    { where: ({ kinds }) => kinds.includes("stream") },
  ],
  [
    "a reader's own pause is silence",
    "call/silence.js",
    "rest() {\n        this.#since = undefined;",
    "rest() {",
    { where: ({ kinds }) => kinds.includes("stream") },
  ],
  [
    "a silent stream is no failure",
    "call/stream.js",
    "recordFailure(guard, admission, error, true, this.#counted(), since);",
    "guard.breaker.released(admission);",
    { where: ({ kinds }) => kinds.includes("stream") },
  ],
  [
    "a silent stream keeps its connection",
    "call/stream.js",
    "this.#deadline?.abort(error);",
    "",
    { where: ({ kinds }) => kinds.includes("stream") },
  ],
  [
    "the back-off begins anew with each trip",
    "policy/open-time.js",
    "return closedForMs >= (settings.backoffForget || openMs);",
    "return true;",
    { where: ({ options }) => options.backoff !== undefined },
  ],
  [
    "the back-off never begins anew",
    "policy/open-time.js",
    "return closedForMs >= (settings.backoffForget || openMs);",
    "return false;",
    {
      where: ({ options, events, tells, without, pace }) =>
        options.backoff?.forget === "2s" &&
        tells &&
        pace.kind === "busy" &&
        !without.includes("swap") &&
        !without.includes("list") &&
        !events.some(({ what }) => FORGET.includes(what)) &&
        events.filter(({ what }) => what === "backend").length > 1,
    },
  ],
  [
    "while the store is away calls probe beside a check",
    "breaker/reducer/standing.js",
    'decision.kind === "opened" ? decision.untilMs : -Infinity',
    "-Infinity",
    { where: ({ check, network }) => check?.alone && network.loss === 0 },
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
