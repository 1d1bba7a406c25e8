/** The share of calls that is admitted at the moment of closing. */
const FIRST_SHARE = 0.1;

/**
 * The share of calls admitted so long after the circuit closed: from a tenth to all, in a straight line. Every
 * process works it out from the one moment of closing, so that the fleet comes back as one.
 */
export function admittedShare(sinceClosing: number, rampUp: number): number {
  if (sinceClosing >= rampUp) return 1;
  return FIRST_SHARE + (1 - FIRST_SHARE) * Math.max(sinceClosing / rampUp, 0);
}
