// What happens in one run, drawn from its seed before it begins: a failing run is made smaller by leaving parts out.
import { busyPlan } from "./busy-plan.mjs";
import { fieldPlan } from "./field-plan.mjs";

export { CHAOS_MS, RUBBISH } from "./busy-plan.mjs";

/** The plan of a seed. `plain`: busy fleets of well-behaved callers alone, as long-kept seeds have them. */
export const planOf = (seed, plain = false) => (plain ? busyPlan(seed) : fieldPlan(busyPlan(seed)));
