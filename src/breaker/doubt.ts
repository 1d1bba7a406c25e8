import { TripRule } from "../policy/trip-rule.js";
import type { Breaker } from "./breaker.js";

/**
 * Hears what the fleet says of the circuit, and whether this process has reason to doubt it: it is told to confirm
 * what others say, or its own calls have been succeeding until just now.
 */
export function weigh(breaker: Breaker): void {
  const { fleet, settings, traffic } = breaker;
  const record = fleet.replica.circuits.get(breaker.key)?.sighting?.record;
  if (record === undefined || record.state === "closed" || record.manual) {
    if (breaker.recovery === undefined && !record?.manual) return;
    // An operator's word is taken, and stays so while the circuit recovers from it.
    breaker.recovering.heard = record?.manual ?? false;
    breaker.recovering.doubted = false;
    return;
  }
  const recovery = breaker.recovering;
  if (recovery.heard) return;
  recovery.heard = true;
  recovery.doubted =
    record.by !== fleet.replica.identity &&
    recovery.phase === "closed" &&
    (settings.scope === "confirm" || (traffic instanceof TripRule && traffic.vetoes(fleet.coarse())));
}
