/**
 * Time, timers and chance, as everything in here gets them: passed in, so that tests and simulation
 * run the very code that ships.
 */
export interface Clock {
  /** A monotonic reading in ms; only differences mean anything. */
  now(): number;
  /** The wall clock, in ms since the epoch. */
  wall(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /**
   * Calls `run` once after `ms`; never keeps the process alive. Returns what cancels it. `ofCall`: it is of use to the
   * call under way only, so that it may end with the request where a runtime ends timers so. Default: false.
   */
  after(ms: number, run: () => void, ofCall?: boolean): () => void;
  /** As `now`, as of a few ms ago, where that costs less: for counting calls. Default: `now`. */
  coarse?(): number;
  /**
   * For how many ms since that moment (a reading of `now`) this process was blocked: a time-out in that time says
   * little about the backend. The first call starts the watching. Default: 0.
   */
  blocked?(since: number): number;
}
