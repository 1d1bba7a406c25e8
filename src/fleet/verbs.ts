import type { Failfast } from "../api/failfast.js";
import { type Asked, TRAIL, type Trailed } from "../api/operator-verbs.js";
import type { OperatorResult } from "../breaker/operator.js";
import type { Duration } from "../options/duration.js";

/** What an operator can do to one circuit. */
export interface FleetVerbs {
  trip(name: string, options?: Asked & { readonly for?: Duration }): Promise<OperatorResult>;
  reset(name: string, options?: Asked): Promise<OperatorResult>;
  hold(
    name: string,
    state: "open" | "closed",
    options?: Asked & { readonly until?: Date | Duration },
  ): Promise<OperatorResult>;
  release(name: string, options?: Asked): Promise<OperatorResult>;
}

/** The verbs of the handles, under somebody's name. The caller gets the entries for the trail. */
export function verbsOf(
  failfast: Failfast,
  operator: string | undefined,
  keep: NonNullable<Trailed[typeof TRAIL]>,
): FleetVerbs {
  const signed = <T extends Asked>(options: T): T & Trailed => {
    const { by = operator } = options;
    return { ...options, ...(by !== undefined && { by }), [TRAIL]: keep };
  };
  return {
    trip: (name, options = {}) => failfast(name).trip(signed(options)),
    reset: (name, options = {}) => failfast(name).reset(signed(options)),
    hold: (name, state, options = {}) => failfast(name).hold(state, signed(options)),
    release: (name, options = {}) => failfast(name).release(signed(options)),
  };
}
