// What follows from a plan: which promises can be checked in its run, and with which limits.

/** Another call may have the lease after this time, in ms. */
export const SHORTEST_LEASE = 9_000;

/** What makes a store lose records. */
export const LOSSES = ["empty", "roll-back", "evict", "restart"];

/** Faults that keep a store from answering, or a process from getting its records. */
const NOT_ITS_BEST = [
  "partition",
  "split",
  "store",
  "restart",
  "rubbish",
  "pause",
  "stall",
  "freeze",
  "sleep",
  "busy-loop",
  "crash",
  "jump",
];

const UNITS = { ms: 1, s: 1_000, m: 60_000 };
export const milliseconds = (time) => Number.parseFloat(time) * UNITS[/[a-z]+$/.exec(time)];

export function factsOf(plan) {
  const { callTimeout, idleTimeout, rampUp, backoff, recovery, scope = "fleet", quorum = 1 } = plan.options;
  const updates = plan.events.filter(({ what }) => what === "update");
  const isUpdated = (option, name) =>
    updates.some(({ options, circuit }) => option in options && `c${circuit}` === name);
  const { threshold, failureRate, consecutive = threshold ?? (failureRate ? 2 : 1) } = plan.options;
  /** What one process finds out applies to the whole fleet. */
  const sharesAll = scope === "fleet" && quorum === 1 && !plan.without.includes("swap") && !plan.rollsOver;
  const forgets = plan.events.some(({ what }) => LOSSES.includes(what));
  /** Whether `by` names a process of the same host. */
  const isOfHost = (member, by) => by.startsWith(`${member.host}/`);
  return {
    isOfHost,
    /** Whether `by` names this very process: it is alone on its host. */
    isOwn: (member, by) => plan.hosts === plan.processes && isOfHost(member, by),
    callTimeout,
    idleTimeout,
    rampUp,
    scope,
    quorum,
    isUpdated,
    longestOpenMs: (name) => plan.open * 1_000 * (backoff ? 10 : 1) * (isUpdated("timeout", name) ? 2 : 1),
    sharesAll,
    /** One failure opens it. */
    tripsAtOnce: (name) =>
      consecutive === 1 &&
      rampUp === undefined &&
      !isUpdated("threshold", name) &&
      !isUpdated("consecutive", name),
    closesByTime: recovery === "all",
    nests: plan.kinds?.some((kind) => kind.startsWith("nested")) ?? false,
    shortestLease: callTimeout === undefined ? SHORTEST_LEASE : milliseconds(callTimeout) + 900,
    /** The store loses records. */
    forgets,
    /** The same, or something else is written over them. */
    losesRecords: forgets || plan.events.some(({ what }) => what === "rubbish"),
    /** Without swap a process dates what it writes by its own clock, until it has read the store's. */
    isDated:
      !plan.without.includes("swap") ||
      (plan.storeSkew === 0 &&
        plan.skews.every((skew) => Math.abs(skew) < 1_000) &&
        plan.events.every(({ what }) => what !== "jump")),
    /** Each process knows the store's clock, and its own goes on. */
    comparesTimes:
      sharesAll &&
      plan.tells &&
      !forgets &&
      !plan.without.includes("list") &&
      plan.lateProbe?.what !== "sleep" &&
      plan.events.every(({ what }) => what !== "sleep"),
    storeIsWell:
      plan.network.loss === 0 &&
      plan.network.delay <= 60 &&
      !plan.rollsOver &&
      plan.lateProbe === undefined &&
      plan.events.every(({ what }) => !NOT_ITS_BEST.includes(what)),
  };
}
