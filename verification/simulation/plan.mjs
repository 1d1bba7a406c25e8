// What happens in one run, drawn from its seed before it begins: a failing run is made smaller by leaving parts out.
import { busyPlan } from "./busy-plan.mjs";
import { fieldPlan } from "./field-plan.mjs";

export { CHAOS_MS, RUBBISH } from "./busy-plan.mjs";

/** The plan of a seed; `field`: with the callers, functions, stores and hosts that the field has. */
export const planOf = (seed, field) => (field ? fieldPlan(busyPlan(seed)) : busyPlan(seed));
