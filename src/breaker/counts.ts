import type { Sampler } from "./sampler.js";

/** What a circuit has counted in this process. Most circuits never fail, so it is made when there is something to count. */
export class CircuitCounts {
  /** How often its calls tripped it, and how often the first probe after that succeeded: for `lint()`. */
  trips = 0;
  needlessTrips = 0;
  /** For the report of this process. */
  failures = 0;
  rejections = 0;
  slowCalls = 0;
  /** A call that was admitted made another one through the same circuit, and that one was held back. */
  innerCallHeldBack = false;
  /** Times some of its calls for the report. */
  sampler: Sampler | undefined;
  /** The number of reopenings when its calls last tripped it. */
  reopensAtTrip = 0;
  /** When it last closed, on the local monotonic clock. */
  closedAtMs: number = -Infinity;
}

/** Of a circuit that has counted nothing. */
export const NOTHING_COUNTED: Readonly<CircuitCounts> = Object.freeze(new CircuitCounts());
