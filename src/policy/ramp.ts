/** The share of calls admitted at the moment of closing. */
const FIRST_SHARE = 0.1;

/**
 * The share of calls admitted at a time after the circuit closed: from a tenth to all, in a straight line. Every
 * process computes it from the same moment of closing, so that the whole fleet fills again together.
 */
export function admittedShare(sinceClosing: number, rampUp: number): number {
  if (sinceClosing >= rampUp) return 1;
  return FIRST_SHARE + (1 - FIRST_SHARE) * Math.max(sinceClosing / rampUp, 0);
}
