// The rules that people asked for, on top of a plan: when to trip, what counts, streams, changes while it runs, and the next
// best circuit. Drawn from a stream of its own, so that everything else of a seed stays as it is.
import { chanceOf } from "./time.mjs";

export function rulesPlan(field) {
  const random = chanceOf(field.seed ^ 0xa5ced);
  const between = (low, high) => low + Math.floor(random() * (high - low + 1));
  const pick = (...values) => values[Math.floor(random() * values.length)];
  const likely = (share) => random() < share;
  const plan = { ...field, options: { ...field.options }, events: [...field.events] };
  const { options } = plan;
  const { kind, everyMs = 0 } = plan.pace;
  const window = options.window ?? `${Math.max(10, Math.ceil((6 * everyMs) / 1_000))}s`;

  if (!plan.slow) drawRule();
  if (likely(0.3)) plan.ignores = pick(0.05, 0.2);
  if (options.backoff && likely(0.4))
    options.backoff = { ...options.backoff, forget: pick("2s", "30s", "5m") };
  drawStreams();
  if (plan.circuits > 1 && likely(0.5))
    plan.firstAvailable = { share: pick(0.1, 0.5), whenAllOpen: pick("try", "try", "reject") };
  if (likely(0.3)) for (let n = between(1, 3); n > 0; n--) plan.events.push(update());
  plan.killed = kind === "job" && likely(0.4);
  // It would be killed amid its listener's call.
  if (plan.killed) plan.listener = "";
  plan.events.sort((a, b) => a.at - b.at);
  return plan;

  function drawRule() {
    if (!likely(0.35)) return;
    for (const option of ["threshold", "failureRate", "minimumCalls", "window"]) delete options[option];
    const rate = { failureRate: pick(0.3, 0.5, 0.8), minimumCalls: between(2, 6), window };
    const rules = [
      { consecutive: between(2, 5) },
      { threshold: between(2, 5), ...rate },
      { consecutive: between(2, 5), ...rate },
      { consecutive: between(2, 5), threshold: between(3, 6), window },
      { consecutive: between(2, 5), threshold: between(2, 5), ...rate },
    ];
    Object.assign(options, pick(...rules));
  }

  function drawStreams() {
    // What is slow in a stream is its first item alone.
    if (plan.slow || !likely(0.25)) return;
    options.idleTimeout = pick("1s", "3s");
    plan.kinds = plan.kinds.map((each) => (likely(0.6) ? "stream" : each));
  }

  /** Other options of one circuit, in one process or in each. */
  function update() {
    const changes = [
      { timeout: plan.open },
      { timeout: 2 * plan.open },
      ...(options.recovery === "all" ? [] : [{ probes: between(1, 3) }]),
      ...(plan.slow ? [] : [{ consecutive: between(1, 4) }]),
      ...(plan.slow || options.failureRate ? [] : [{ threshold: between(1, 4) }]),
      ...(plan.check && !plan.check.silent ? [{ recovery: "probe" }, { recovery: "check" }] : []),
    ];
    return {
      at: between(500, plan.chaosMs - 500),
      what: "update",
      circuit: between(0, plan.circuits - 1),
      whom: likely(0.5) ? undefined : between(0, plan.processes - 1),
      options: pick(...changes),
    };
  }
}
