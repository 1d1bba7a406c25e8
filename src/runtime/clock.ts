/** Time, timers and randomness, passed in everywhere, so that tests and simulation run the code that ships. */
export interface Clock {
  /** A monotonic reading in ms. Only differences have a meaning. */
  now(): number;
  /** The wall clock, in ms since the epoch. */
  wall(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /**
   * Calls `run` once after `ms`; never keeps the process alive. Returns a function that cancels it. `ofCall`: it is
   * useful only for the current call, so that it may end with the request on runtimes that end timers so. Default:
   * false.
   */
  after(ms: number, run: () => void, ofCall?: boolean): () => void;
  /** As `now`, but a few ms old, if that costs less: for counting calls. Default: `now`. */
  coarse?(): number;
  /**
   * For how many ms since that moment (a reading of `now`) this process was blocked. A time-out during that time says
   * little about the backend. The first call starts the measurement. Default: 0.
   */
  blocked?(since: number): number;
}
