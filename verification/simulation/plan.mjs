// What happens in one run, drawn from its seed before it begins: a failing run is made smaller by leaving parts out.
import { busyPlan } from "./busy-plan.mjs";
import { fieldPlan } from "./field-plan.mjs";
import { rulesPlan } from "./rules-plan.mjs";

export { CHAOS_MS, RUBBISH } from "./busy-plan.mjs";

/**
 * The plan of a seed. `plain`: busy fleets of well-behaved callers alone, as long-kept seeds have them; `field`: without the
 * rules that came later, for earlier versions.
 */
export function planOf(seed, plain = false, field = false) {
  if (plain) return busyPlan(seed);
  const plan = fieldPlan(busyPlan(seed));
  return field ? plan : rulesPlan(plan);
}
