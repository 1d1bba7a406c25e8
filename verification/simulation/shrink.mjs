// A failing plan made smaller: whatever can be left out, and the same promise is still broken, is left out.
import { simulate } from "./simulate.mjs";

export async function shrink(plan, library, promise) {
  const breaks = async (candidate) =>
    (await simulate(candidate, library)).violations.some((violation) => violation.promise === promise);
  let smallest = plan;
  const attempt = async (changes) => {
    const candidate = { ...smallest, ...changes };
    if (await breaks(candidate)) {
      smallest = candidate;
      return true;
    }
    return false;
  };
  await attempt({ network: { delay: 1, loss: 0, repeats: 0 } });
  await attempt({ skews: [], drifts: [], storeSkew: 0 });
  await attempt({ errors: 0 });
  // What a check relies on stays.
  const kept = plan.badHosts > 0 ? ["quorum"] : [];
  for (const option of Object.keys(smallest.options)) {
    if (kept.includes(option)) continue;
    const { [option]: _, ...rest } = smallest.options;
    await attempt({ options: rest });
  }
  for (let at = 0; at < smallest.events.length; ) {
    const without = smallest.events.filter((_, index) => index !== at);
    if (!(await attempt({ events: without }))) at++;
  }
  while (smallest.processes > 2) {
    const processes = smallest.processes - 1;
    const events = smallest.events.filter(({ who }) => who === undefined || who < processes);
    if (!(await attempt({ processes, hosts: Math.min(smallest.hosts, processes), events }))) break;
  }
  return smallest;
}
