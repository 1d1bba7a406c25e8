// A busy fleet of well-behaved callers, its network and store, and what befalls them, drawn from a seed.
import { chanceOf } from "./time.mjs";

export const CHAOS_MS = 60_000;

/** Values that are no record, from noise to nearly a record. */
export const RUBBISH = [
  "",
  "{}",
  "null",
  "[1]",
  '{"v":3,"revision":9}',
  "x".repeat(5_000),
  '{"v":1,"revision":1e300,"nonce":"n","state":"closed","at":1}',
  '{"v":1,"revision":9,"generation":10,"nonce":"n","state":"open","until":1,"at":1}',
  '{"v":1,"revision":9,"generation":9,"nonce":"n","state":"open","until":-1,"duration":1e18,"at":1}',
  '{"v":1,"revision":9,"generation":9,"nonce":"n","state":"half-open","votes":{"length":2},"at":1}',
];

/** The fleet, its network and store, and what befalls them, each with its moment. */
export function busyPlan(seed) {
  const random = chanceOf(seed);
  const between = (low, high) => low + Math.floor(random() * (high - low + 1));
  const pick = (...values) => values[Math.floor(random() * values.length)];
  const likely = (share) => random() < share;
  const skewed = (low, high) => Math.round(low * (high / low) ** (random() ** 2));

  const processes = skewed(2, likely(0.05) ? 64 : 10);
  const circuits = likely(0.05) ? between(4, 20) : between(1, 3);
  const quorum = likely(0.25) ? between(2, 3) : 1;
  const without = quorum > 1 ? [] : likely(0.2) ? ["swap"] : [];
  if (likely(0.25)) without.push("watch");
  if (likely(0.15)) without.push("list");
  const options = {
    ...pick(
      {},
      {},
      { threshold: between(2, 4), window: "10s" },
      { failureRate: 0.5, minimumCalls: 3, window: "10s" },
    ),
    ...(likely(0.15) && quorum === 1 ? { scope: pick("confirm", "process") } : {}),
    ...(quorum > 1 ? { quorum } : {}),
    ...(likely(0.3) ? { probes: between(2, 3) } : {}),
    ...(likely(0.3) ? { backoff: { factor: pick(1.5, 2), jitter: pick(0, 0.3) } } : {}),
    ...(likely(0.4) ? { callTimeout: pick("500ms", "2s") } : {}),
    ...(likely(0.1) ? { rampUp: "5s" } : {}),
  };
  const network = {
    delay: skewed(1, likely(0.2) ? 2_000 : 60),
    loss: likely(0.4) ? random() * 0.3 : 0,
    repeats: likely(0.4) ? random() * 0.5 : 0,
  };
  const events = [];
  const at = () => between(500, CHAOS_MS - 500);
  const who = () => between(0, processes - 1);
  const befalls = [
    () => ({
      what: "partition",
      who: who(),
      way: pick("both", "answers", "pushes"),
      ms: between(500, 20_000),
    }),
    () => ({ what: "store", mode: pick("down", "frozen", "read-only", "slow"), ms: between(500, 20_000) }),
    () => ({ what: "empty" }),
    () => ({ what: "roll-back", by: between(1, 6) }),
    () => ({ what: "evict", circuit: between(0, circuits - 1) }),
    () => ({
      what: "rubbish",
      circuit: between(0, circuits - 1),
      value: pick(...RUBBISH),
    }),
    () => ({ what: "crash", who: who(), ms: between(0, 5_000) }),
    () => ({ what: "pause", who: who(), ms: between(100, 30_000) }),
    () => ({ what: "jump", who: who(), ms: between(-60_000, 60_000) }),
    () => ({
      what: "operator",
      who: who(),
      circuit: between(0, circuits - 1),
      verb: pick("trip", "reset", "hold open", "hold closed", "release"),
    }),
    () => ({ what: "restart", ms: between(100, 5_000), by: pick(0, 0, 1, 4) }),
    () => ({
      what: "split",
      whom: Array.from({ length: processes }, () => likely(0.5)),
      way: pick("both", "answers", "pushes"),
      ms: between(500, 20_000),
    }),
    () => ({ what: "stall", who: who(), ms: between(200, 5_000) }),
  ];
  const badHosts = quorum > 1 && likely(0.5) ? between(1, quorum - 1) : 0;
  // If so few hosts are said to open nothing for the others, nothing of the others may fail.
  if (badHosts > 0) delete options.callTimeout;
  // Nor may an operator or a liar open it.
  const kinds = badHosts > 0 ? befalls.filter((_, kind) => ![5, 9].includes(kind)) : befalls;
  for (let n = between(0, 14); n > 0; n--)
    events.push({ at: at(), ...kinds[Math.floor(random() * kinds.length)]() });
  if (badHosts === 0)
    for (let n = between(1, 4); n > 0; n--)
      events.push({ at: at(), what: "backend", circuit: between(0, circuits - 1), ms: between(500, 25_000) });
  const rollsOver = badHosts === 0 && likely(0.1);
  if (rollsOver) {
    const [from, every] = [at(), between(200, 4_000)];
    for (let index = 0; index < processes; index++)
      events.push({ at: from + index * every, what: "roll-over", who: index, ms: between(0, 2_000) });
  }
  events.sort((a, b) => a.at - b.at);
  return {
    seed,
    processes,
    hosts: likely(0.2) ? Math.max(1, Math.ceil(processes / 2)) : processes,
    circuits,
    open: pick(1, 3, 5, 10, 20),
    options,
    without,
    tells: likely(0.7),
    badHosts,
    rollsOver,
    network,
    callsPerSecond: pick(1, 3, 8) * (processes > 16 ? 0.3 : 1),
    errors: likely(0.3) && badHosts === 0 ? 0.02 : 0,
    skews: Array.from({ length: processes }, () =>
      likely(0.3) ? between(-60_000, 60_000) : between(-50, 50),
    ),
    drifts: Array.from({ length: processes }, () => (likely(0.3) ? (random() - 0.5) * 1e-3 : 0)),
    storeSkew: likely(0.2) ? between(-60_000, 60_000) : 0,
    events,
  };
}
