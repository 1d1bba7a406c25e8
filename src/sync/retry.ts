import type { Clock } from "../runtime/clock.js";

/**
 * The pauses between questions to a store: at first as between polls without push, at last (if it hangs) as with push.
 */
const RETRY_MS = 800;
const LONGEST_MS = 15_000;

/**
 * How long until a store that failed is asked again, in ms; half of it is random.
 *
 * A store that answers, even with an error, is asked again within 1.2 s. A question that hangs waits in the caller's
 * client, where it may occupy one of few connections: the more of them hang, the longer the pause. If an answer comes
 * after all, the store is back.
 */
export function retryDelay(timeouts: number, random: number): number {
  return Math.min(LONGEST_MS, RETRY_MS * 2 ** timeouts * (0.5 + random));
}

/** A fifth more or less, so that the processes of a fleet don't ask all at once. */
export const jittered = (ms: number, clock: Clock): number => ms * (0.8 + 0.4 * clock.random());
