// Makes a failing plan smaller: leaves out everything without which the same promise is still broken.
import { simulate } from "./simulate.mjs";

/** Options that make no sense without one another. */
const TOGETHER = [
  ["failureRate", "minimumCalls", "window"],
  ["threshold", "window"],
  ["slowCall", "slowCallRate", "minimumCalls", "window"],
];

/** Additions of the field, and the plain alternatives. */
const PLAIN = [
  { kinds: undefined },
  { listener: "" },
  { latencyMs: undefined },
  { names: undefined },
  { instant: false },
  { storeEnds: undefined },
  { namedFirst: false },
  { inRotation: false },
  { check: undefined },
  { without: [] },
  { tells: true },
  { circuits: 1 },
];

export async function shrink(plan, library, promise) {
  const breaks = async (candidate) => {
    try {
      const { violations } = await simulate(candidate, library);
      return violations.some((violation) => violation.promise === promise);
    } catch {
      // Options that contradict each other.
      return false;
    }
  };
  let smallest = plan;
  const attempt = async (changes) => {
    const candidate = { ...smallest, ...changes };
    if (await breaks(candidate)) {
      smallest = candidate;
      return true;
    }
    return false;
  };
  const without = (options, left) =>
    Object.fromEntries(Object.entries(options).filter(([option]) => !left.includes(option)));
  const { distanceMs = 0 } = plan.network;
  await attempt({ network: { delay: 1, loss: 0, repeats: 0, distanceMs } });
  await attempt({ network: { delay: 1, loss: 0, repeats: 0, distanceMs: 0 } });
  await attempt({ skews: [], drifts: [], storeSkew: 0 });
  await attempt({ errors: 0 });
  if (plan.pace) for (const change of PLAIN) await attempt(change);
  // Parts that a check relies on stay.
  const kept = plan.badHosts > 0 ? ["quorum"] : plan.slow ? ["slowCall"] : [];
  const groups = [...TOGETHER, ...Object.keys(plan.options).map((option) => [option])];
  for (const group of groups.filter((each) => !each.some((option) => kept.includes(option))))
    await attempt({ options: without(smallest.options, group) });
  for (let at = 0; at < smallest.events.length; ) {
    const events = smallest.events.filter((_, index) => index !== at);
    if (!(await attempt({ events }))) at++;
  }
  const least = plan.pace ? 1 : 2;
  while (smallest.processes > least) {
    const processes = smallest.processes - 1;
    const events = smallest.events.filter(({ who }) => who === undefined || who < processes);
    if (!(await attempt({ processes, hosts: Math.min(smallest.hosts, processes), events }))) break;
  }
  return smallest;
}
