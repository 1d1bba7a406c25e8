// Mistakes in one circuit of one process: the shell of a breaker, and the reducer.

/** Callers that live for one call, or call rarely. */
const ofJobs = ({ pace, without }) => pace.kind === "job" && !without.includes("swap");
const ofRareCallers = ({ pace, storeEnds }) =>
  (pace.kind === "rare" || pace.kind === "bursts") && storeEnds === undefined;
const whoNest = ({ kinds, options }) =>
  kinds.some((kind) => kind.startsWith("nested")) && options.recovery !== "all";

export const OF_THE_CIRCUIT = [
  {
    mistake: "results count whatever they were admitted under",
    file: "breaker/outcome.js",
    text: "if (admission.epoch !== breaker.current.epoch)",
    instead: "if (false)",
  },
  {
    mistake: "a late success closes",
    file: "breaker/outcome.js",
    text: "if (admission !== breaker.admission && admission.epoch !== breaker.current.epoch)\n            return;",
    instead:
      'if (admission !== breaker.admission && admission.epoch !== breaker.current.epoch)\n            return breaker.dispatch({ type: "probe-succeeded", slept: false });',
    // Without a rate, a success is not reported to the circuit.
    where: ({ options }) => options.failureRate !== undefined,
  },
  {
    mistake: "a lease is taken though another's runs",
    file: "breaker/reducer/lease.js",
    text: 'if (standingWithoutProbe(state, now, own).kind !== "due")\n        return null;',
    instead: "",
    plain: true,
  },
  {
    mistake: "a lease has no end",
    file: "breaker/reducer/lease.js",
    text: "return Math.min(first * 2 ** lapsed, LEASE_LONGEST_MS);",
    instead: "return 3_600_000;",
    plain: true,
  },
  {
    mistake: "a probe that succeeded changes nothing",
    file: "breaker/outcome.js",
    text: 'breaker.dispatch({ type: "probe-succeeded", slept: breaker.gate.slept });',
    instead: ";",
    plain: true,
  },
  {
    mistake: "a trip is not written",
    file: "breaker/reducer/decision.js",
    text: "until: stamp.now + Math.ceil(left) };",
    instead: 'until: stamp.now + Math.ceil(left), state: "closed" };',
    plain: true,
  },
  {
    mistake: "what a process decides alone is not obeyed",
    file: "breaker/reducer/standing.js",
    text: 'if (decision.kind === "opened" && now < decision.untilMs) {',
    instead: "if (false) {",
    plain: true,
  },
  {
    mistake: "the less restrictive of the two is obeyed",
    file: "breaker/reducer/standing.js",
    text: "    const { deadline } = record;",
    instead: '    if (decision.kind === "none")\n        return CLOSED;\n    const { deadline } = record;',
    plain: true,
  },
  {
    mistake: "calls wait for the lease as long as it takes",
    file: "breaker/call-gate.js",
    text: "canWait ? session.leaseWaitMs : 0",
    instead: "canWait ? 5_000 : 0",
    plain: true,
  },
  {
    mistake: "a call asks the store first",
    file: "breaker/breaker.js",
    text: "if (this.admission.admitsAll) {",
    instead:
      'this.session.replica.store.get("circuit:" + this.key);\n        if (this.admission.admitsAll) {',
    plain: true,
  },
  {
    mistake: "one vote is a quorum",
    file: "breaker/reducer/decision.js",
    text: "if (votes.length < ballot.quorum)",
    instead: "if (false)",
    plain: true,
  },
  {
    mistake: "every process has a vote",
    file: "breaker/reducer/decision.js",
    text: "const ballot = { host: own.host,",
    instead: "const ballot = { host: own.owner,",
    plain: true,
  },
  {
    mistake: "a failed probe leaves the circuit to itself",
    file: "breaker/outcome.js",
    text: "reopen(breaker, failure.reason(failure.error, breaker.settings.shareReason), failure);",
    instead: ";",
    plain: true,
  },
  {
    mistake: "when the time is up every call goes through",
    file: "breaker/reducer/standing.js",
    text: 'if (own.settings.recovery === "all")',
    instead: "if (true)",
    plain: true,
  },
  {
    mistake: "a lease that lapses is never noticed",
    file: "breaker/reducer/standing.js",
    text: 'return state === "half-open" ? lapsed > 0 || owner !== "" : now - record.deadline >= LEASE_MS;',
    instead: "return false;",
    where: ofJobs,
  },
  {
    mistake: "a caller who waited and got no lease leaves no trace",
    file: "breaker/reducer/on-call.js",
    text: "recovery: { ...state.recovery, unserved: true }",
    instead: "recovery: state.recovery",
    where: ofRareCallers,
  },
  {
    mistake: "a call from within the probe is rejected",
    file: "breaker/reducer/on-call.js",
    text: 'event.withinProbe || runsNested(state, now) ? "nested" : "reject"',
    instead: '"reject"',
    where: whoNest,
  },
  {
    mistake: "what is called from within the probe is judged as a call of its own",
    file: "breaker/call-gate.js",
    text: "return NESTED;",
    instead: 'return new Admission("closed", false, current.epoch);',
    where: whoNest,
  },
  {
    mistake: "leases of a process's own don't get longer",
    file: "breaker/reducer/on-call.js",
    text: "recovery: { ...recovery, lapses: recovery.lapses + 1 }",
    instead: "recovery",
    where: ({ latencyMs }) => latencyMs > 0,
  },
  {
    mistake: "leases of the fleet don't get longer",
    file: "breaker/reducer/lease.js",
    text: "return Math.min(first * 2 ** lapsed, LEASE_LONGEST_MS);",
    instead: "return first;",
    where: ({ latencyMs }) => latencyMs > 0,
  },
  {
    mistake: "a slow probe closes it",
    file: "breaker/outcome.js",
    text: 'reopen(breaker, "slow calls");',
    instead: 'breaker.dispatch({ type: "probe-succeeded", slept: breaker.gate.slept });',
    where: ({ slow }) => slow,
  },
  {
    mistake: "a request for the lease that fails at once rejects its caller",
    file: "breaker/reducer/on-call.js",
    text: "event.storeFails || isOpenHereAlone",
    instead: "isOpenHereAlone",
    where: ({ events, storeEnds }) =>
      storeEnds === "refused" || events.some(({ mode }) => mode === "refused"),
  },
  {
    mistake: "while a caller waits for its lease the others wait, too",
    file: "breaker/reducer/standing.js",
    text: 'if (probe.kind !== "none" && now < probe.untilMs)',
    instead: 'if (probe.kind === "running" && now < probe.untilMs)',
    where: ({ pace }) => pace.kind === "bursts",
  },
  {
    mistake: "listeners are told before it is so",
    file: "breaker/breaker.js",
    text: "        this.#state = state;\n",
    instead:
      '        for (const effect of effects) if (effect.type === "announce") carryOut(this, effect);\n        this.#state = state;\n',
  },
  {
    mistake: "an update forgets what was counted",
    file: "breaker/breaker.js",
    text: "if (!countsAlike(settings, this.settings)) {",
    instead: "if (true) {",
    where: ({ events, options }) =>
      (options.consecutive ?? options.threshold ?? 0) > 1 && events.some(({ what }) => what === "update"),
  },
  {
    mistake: "an update closes the circuit",
    file: "breaker/breaker.js",
    text: "this.settings = settings;\n        this.admission",
    instead: "this.settings = settings;\n        this.#state = INITIAL;\n        this.admission",
    where: ({ events }) => events.some(({ what }) => what === "update"),
  },
  {
    mistake: "while the store is away calls probe beside a check",
    file: "breaker/reducer/standing.js",
    text: 'decision.kind === "opened" ? decision.untilMs : -Infinity',
    instead: "-Infinity",
    where: ({ check, network }) => check?.alone && network.loss === 0,
  },
];
