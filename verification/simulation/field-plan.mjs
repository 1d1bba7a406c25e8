// What the field adds to a plan: rare callers and jobs, every kind of function, slow probes, far and poor stores,
// frozen hosts, operators who come first, listeners that act. Drawn from a stream of its own.
import { CHAOS_MS } from "./busy-plan.mjs";
import { chanceOf } from "./time.mjs";

/** How a process may call: a block, wrapped functions of each kind, and functions that call their own circuit. */
const KINDS = [
  "run",
  "run",
  "async",
  "unknown",
  "fresh",
  "sync",
  "sync",
  "nested",
  "nested-other",
  "nested-sync",
];
const SYNC_KINDS = ["sync", "nested-sync"];

/** Faults of processes that live for one call: none of their own. */
const FOR_JOBS = ["backend", "store", "empty", "roll-back", "evict", "rubbish", "restart"];

export function fieldPlan(busy) {
  const random = chanceOf(busy.seed ^ 0xf1e1d);
  const between = (low, high) => low + Math.floor(random() * (high - low + 1));
  const pick = (...values) => values[Math.floor(random() * values.length)];
  const likely = (share) => random() < share;
  const skewed = (low, high) => Math.round(low * (high / low) ** random());

  const pace = drawPace();
  const plan = { ...busy, pace, options: { ...busy.options }, ...scaled() };
  plan.kinds = Array.from({ length: plan.circuits }, () => pick(...KINDS));
  drawFunctions();
  drawStore();
  drawOptions();
  drawEvents();
  plan.listener = likely(0.15) ? pick("open", "half-open", "close") : "";
  // If an operator opened it, the possible cause of the opening is not checked.
  plan.namedFirst = plan.badHosts === 0 && likely(0.06);
  plan.inRotation = pace.kind === "busy" && likely(0.06);
  // A function that can't be ended has no use for a deadline, and may have one.
  if (plan.options.callTimeout !== undefined && likely(0.7))
    plan.kinds = plan.kinds.map((kind) => (SYNC_KINDS.includes(kind) ? "run" : kind));
  drawCheck(plan, chanceOf(busy.seed ^ 0xc4ec4));
  drawLateProbe(plan, chanceOf(busy.seed ^ 0x1a7e));
  plan.events.sort((a, b) => a.at - b.at);
  return plan;

  function drawPace() {
    const kind = pick("busy", "busy", "busy", "rare", "rare", "bursts", "job");
    if (kind === "busy") return { kind };
    // Without push each process polls once a second, so an hour takes long in real time.
    const longest = busy.without.includes("watch") ? 90 : 3_600;
    const everyMs = skewed(12, longest) * 1_000;
    return { kind, everyMs, size: kind === "bursts" ? between(2, 15) : 1, ready: likely(0.7) };
  }

  /** Rare calls need hours, and few processes. */
  function scaled() {
    if (pace.kind === "busy") return { chaosMs: CHAOS_MS, stepMs: 250 };
    const chaosMs = Math.max(CHAOS_MS, 5 * pace.everyMs);
    const scale = chaosMs / CHAOS_MS;
    const processes = Math.min(busy.processes, between(1, 3));
    const circuits = Math.min(busy.circuits, 2);
    const events = busy.events
      .filter(({ what }) => what !== "roll-over" && (pace.kind !== "job" || FOR_JOBS.includes(what)))
      .map((event) => ({
        ...event,
        at: event.at * scale,
        ...(event.ms === undefined ? {} : { ms: Math.round(event.ms * scale) }),
        ...(event.who === undefined ? {} : { who: event.who % processes }),
        ...(event.circuit === undefined ? {} : { circuit: event.circuit % circuits }),
      }));
    return {
      chaosMs,
      stepMs: Math.max(250, pace.everyMs / 40),
      processes,
      hosts: Math.min(busy.hosts, processes),
      circuits,
      events,
      badHosts: 0,
      rollsOver: false,
      open: pick(3, 10, 60, 300),
    };
  }

  function drawFunctions() {
    // Longer than the shortest lease, and without a time-out of its own.
    if (likely(0.1) && plan.options.callTimeout === undefined && pace.kind !== "job")
      plan.latencyMs = between(11_000, 45_000);
    if (likely(0.1)) {
      plan.kinds = plan.kinds.map(() => pick("run", "async"));
      plan.slow = true;
      plan.errors = 0;
      plan.badHosts = 0;
      plan.latencyMs = undefined;
    }
  }

  function drawStore() {
    plan.network = { ...plan.network, distanceMs: likely(0.25) ? skewed(50, 1_000) : 0 };
    // Answers synchronously, as memory and SQLite do.
    plan.instant = plan.network.distanceMs === 0 && likely(0.1);
    if (plan.instant) plan.network = { delay: 0, loss: 0, repeats: 0, distanceMs: 0 };
    if (plan.network.distanceMs > 0 && likely(0.4)) calm();
    // The store never comes back, and each process serves by itself.
    if (plan.badHosts === 0 && !plan.calm && likely(0.1))
      plan.storeEnds = pick("refused", "refused", "down", "frozen");
    if (pace.kind === "busy" && plan.badHosts === 0 && !plan.rollsOver && likely(0.03)) manyNames();
  }

  /** Many healthy names, in a distant store that is read one name at a time. */
  function manyNames() {
    calm();
    const processes = Math.min(plan.processes, 2);
    plan.names = between(150, 600);
    plan.processes = processes;
    plan.hosts = Math.min(plan.hosts, processes);
    plan.instant = false;
    plan.network = { ...plan.network, delay: 1, distanceMs: between(15, 60) };
    plan.events = plan.events.filter(({ who = 0 }) => who < processes);
    plan.without = ["list"];
    delete plan.options.quorum;
  }

  /** Nothing is lost on the way, and nothing comes late. */
  function quiet() {
    return { ...plan.network, delay: Math.min(plan.network.delay, 10), loss: 0, repeats: 0 };
  }

  /** The store and the way to it work. */
  function calm() {
    plan.network = quiet();
    plan.storeEnds = undefined;
    plan.rollsOver = false;
    plan.events = plan.events.filter(({ what }) => what === "backend" || what === "operator");
    plan.calm = true;
  }

  function drawOptions() {
    const { options } = plan;
    const seconds = (times) => `${Math.max(10, Math.ceil((times * (pace.everyMs ?? 0)) / 1_000))}s`;
    if (options.window !== undefined) options.window = seconds(6);
    if (plan.slow) {
      for (const option of ["threshold", "failureRate", "minimumCalls", "callTimeout"])
        delete options[option];
      Object.assign(options, { slowCall: "500ms", slowCallRate: 0.5, minimumCalls: 3, window: seconds(8) });
    } else if (likely(0.06)) {
      plan.options = Object.fromEntries(
        Object.entries(options).filter(([option]) => !["probes", "backoff", "rampUp"].includes(option)),
      );
      plan.options.recovery = "all";
    }
    if ((plan.options.quorum ?? 1) === 1 && likely(0.12)) plan.options.scope = pick("process", "confirm");
    // More hosts than exist: each keeps its own vote.
    else if (plan.badHosts === 0 && !plan.without.includes("swap") && plan.hosts < 32 && likely(0.08)) {
      delete plan.options.scope;
      plan.options.quorum = plan.hosts + 1;
    }
  }

  function drawEvents() {
    const at = () => between(500, plan.chaosMs - 500);
    const who = () => between(0, plan.processes - 1);
    const scale = plan.chaosMs / CHAOS_MS;
    const circuit = () => between(0, plan.circuits - 1);
    const added = [];
    if (plan.badHosts === 0 && pace.kind !== "busy")
      added.push({ at: at() / 2, what: "backend", circuit: circuit(), ms: Math.round(2.5 * pace.everyMs) });
    if (plan.slow)
      added.push({ at: at() / 2, what: "backend", circuit: circuit(), ms: Math.round(20_000 * scale) });
    if (plan.storeEnds) added.push({ at: at(), what: "store", mode: plan.storeEnds, ms: 1e12 });
    const outage = plan.events.find(({ what }) => what === "backend");
    if (outage !== undefined && !plan.calm && likely(0.2))
      // Killed while the circuit is open, and back after its time.
      added.push({
        at: outage.at + between(300, 1_000) * scale,
        what: "store",
        mode: "refused",
        ms: 2 * plan.open * 1_000 + 3 * (pace.everyMs ?? 0),
      });
    if (pace.kind !== "job" && !plan.calm) {
      if (likely(0.25) && plan.badHosts === 0) {
        const [from, ms] = [at(), Math.round(between(3_000, 20_000) * scale)];
        added.push({ at: from, what: "freeze", who: who(), ms });
        if (likely(0.5))
          Object.assign(plan, { network: quiet(), open: Math.max(plan.open, 10), tells: true });
        // The fleet learns of an outage during which one process sleeps.
        added.push({ at: from + 300, what: "backend", circuit: circuit(), ms: ms + 3_000 });
      }
      if (likely(0.25))
        added.push({ at: at(), what: "sleep", who: who(), ms: Math.round(between(2_000, 40_000) * scale) });
      if (likely(0.1)) {
        const ms = between(1_000, 30_000);
        const from = between(500, plan.chaosMs - ms - 500);
        added.push({ at: from, what: "busy-loop", who: who(), ms, calls: between(20, 200) });
      }
    }
    // If the store never comes back, no hold is ever released.
    const kept = plan.events.filter(({ verb = "" }) => !plan.storeEnds || !verb.startsWith("hold"));
    plan.events = [...kept, ...added];
  }
}

/** A process gets nothing for longer than its lease, from the moment at which its probe or its check begins. */
function drawLateProbe(plan, random) {
  if (random() > 0.15 || plan.pace.kind === "job" || plan.processes < 2) return;
  const kinds = ["freeze", "pause", "sleep"];
  plan.lateProbe = { what: kinds[Math.floor(random() * kinds.length)], ms: 2_000 + 28_000 * random() };
}

/** A recovery check, drawn from its own stream so that other plans stay the same. */
function drawCheck(plan, random) {
  if (random() > 0.2 || plan.options.recovery === "all") return;
  plan.check = {
    ms: Math.round(5 + 400 * random()),
    /** What it does while the backend is down: it fails, or hangs; its process may die during it. */
    hangs: random() < 0.4,
    dies: plan.pace.kind !== "job" && random() < 0.3,
    /** Nobody calls once all is well. */
    silent: plan.pace.kind === "busy" && !plan.inRotation && random() < 0.4,
  };
  if (plan.pace.kind === "busy" && plan.badHosts === 0 && !plan.calm && random() < 0.3)
    drawAlone(plan, random);
}

/** The backend is down for several checks, and the store goes away soon after the circuit opened. */
function drawAlone(plan, random) {
  const [at, ms] = [1_000 + 5_000 * random(), 40_000];
  const circuit = Math.floor(random() * plan.circuits);
  plan.check.alone = true;
  plan.events.push(
    { at, what: "backend", circuit, ms },
    { at: at + 500 + 1_500 * random(), what: "store", mode: random() < 0.5 ? "down" : "refused", ms },
  );
}
