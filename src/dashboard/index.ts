/**
 * A live page over the whole fleet.
 *
 * @module
 */
export type { Dashboard, DashboardOptions } from "./dashboard.js";
export { dashboard } from "./dashboard.js";
export { toNodeListener } from "./node.js";
