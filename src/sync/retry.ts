import type { Clock } from "../runtime/clock.js";

/** A store that fails is asked about as often as one without push is polled, and one that hangs at last as one with push. */
const RETRY_MS = 800;
const LONGEST_MS = 15_000;

/**
 * How long until a store that failed is asked again, in ms, half of it drawn.
 *
 * One that answers, be it with an error, is asked again within 1.2 s. What hangs waits in the caller's client,
 * where it may hold one of few connections: the more of it there is, the longer the pause. Its answer, once it
 * comes after all, tells that the store is back.
 */
export function retryDelay(timeouts: number, random: number): number {
  return Math.min(LONGEST_MS, RETRY_MS * 2 ** timeouts * (0.5 + random));
}

/** A fifth more or less: the processes of a fleet don't ask all at once. */
export const jittered = (ms: number, clock: Clock): number => ms * (0.8 + 0.4 * clock.random());
