/**
 * What the core loads only when it is needed: few processes have an operator or look at the whole fleet, and none
 * reports in its first seconds.
 */
export { leaveTrailIn } from "./audit.js";
export { fleetCircuits } from "./fleet-circuits.js";
export { beginReports } from "./reporter.js";
