/** Whole seconds, rounded up, at least 1. Clocks give fractions of a millisecond: 60.0004 s is 60 s. */
export const wholeSeconds = (ms: number): number => Math.max(1, Math.ceil((ms - 1) / 1_000));

/** Seconds to a tenth, rounded up, so that they are never 0 while there is still time to wait. */
export const tenthsOfSeconds = (ms: number): number =>
  ms <= 0 ? 0 : Math.max(1, Math.ceil((ms - 1) / 100)) / 10;
