/** After this many probes that ended as neither, the others get a turn. */
const FREE_PROBES = 8;
/** From this many on, turns get no longer: the longest is 16 times as long as the first. */
export const NEITHER_MOST: number = FREE_PROBES + 4;

/**
 * For how long this process leaves the lease to others, in ms. A process whose calls all end as neither success nor
 * failure gives each lease back, and asks again before others have heard of it. Without a turn of theirs the circuit
 * would never close.
 *
 * @param neither how many probes since the circuit opened ended so before this one, at most `NEITHER_MOST`.
 * @param leaseWaitMs how long a caller waits for its lease: it grows with the time that the store takes to answer.
 * @param random chance, from 0 to 1, so that the turns of two processes don't fall together each time.
 */
export function othersTurnMs(neither: number, leaseWaitMs: number, openMs: number, random: number): number {
  if (neither < FREE_PROBES) return 0;
  const longest = Math.min(leaseWaitMs * 2 ** (neither - FREE_PROBES), openMs);
  return (longest * (1 + random)) / 2;
}
