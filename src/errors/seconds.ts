/**
 * Whole seconds as people say them, rounded up, at least 1. Clocks tell fractions of a millisecond: what is 60 s and a
 * little is 60 s.
 */
export const wholeSeconds = (ms: number): number => Math.max(1, Math.ceil((ms - 1) / 1_000));

/** Seconds to a tenth, rounded up, so that they are never 0 while something is left to wait for. */
export const tenthsOfSeconds = (ms: number): number =>
  ms <= 0 ? 0 : Math.max(1, Math.ceil((ms - 1) / 100)) / 10;
