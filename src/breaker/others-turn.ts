/** After this many probes that ended as neither, the others get a turn. */
const FREE = 8;
/** The longest turn, in times that this process would wait for a lease itself. */
const LONGEST = 16;

/**
 * For how long this process leaves the lease to others, in ms. A process whose calls all end as neither success nor
 * failure gives each lease back, and asks again before others have heard of it. Without a turn of theirs the circuit
 * would never close.
 *
 * @param neither how many probes since the circuit opened ended so before this one.
 * @param leaseWaitMs how long a caller waits for its lease: it grows with the time that the store takes to answer.
 * @param random chance, from 0 to 1, so that the turns of two processes don't fall together each time.
 */
export function othersTurnMs(neither: number, leaseWaitMs: number, openMs: number, random: number): number {
  if (neither < FREE) return 0;
  const longest = Math.min(leaseWaitMs * Math.min(2 ** (neither - FREE), LONGEST), openMs);
  return (longest * (1 + random)) / 2;
}
