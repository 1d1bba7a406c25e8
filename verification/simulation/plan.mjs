// The events of one run, drawn from its seed before it begins. A failing run is made smaller by leaving parts out.
import { busyPlan } from "./busy-plan.mjs";
import { fieldPlan } from "./field-plan.mjs";
import { rulesPlan } from "./rules-plan.mjs";

export { CHAOS_MS, RUBBISH } from "./busy-plan.mjs";

/**
 * The plan of a seed. `plain`: only busy fleets of well-behaved callers, as in older seeds. `field`: without the later
 * rules, for earlier versions.
 */
export function planOf(seed, plain = false, field = false) {
  if (plain) return busyPlan(seed);
  const plan = fieldPlan(busyPlan(seed));
  return field ? plan : rulesPlan(plan);
}
