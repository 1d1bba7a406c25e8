/**
 * What the core loads only when it is needed: few processes have an operator, and none reports in its first seconds.
 */
export { leaveTrailIn } from "./audit.js";
export { beginReports } from "./reporter.js";
