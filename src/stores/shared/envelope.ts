/**
 * A value with its deadline, in ms since the epoch, as one text.
 *
 * A text comes back as it was from every cache, be it that it clones, serialises or shares objects. The sign
 * between the two is none of JSON's: some caches parse what looks like JSON, and give an object or a number.
 */
export function seal(value: string, expires: number): string {
  return `${Math.ceil(expires)}|${value}`;
}

/**
 * The value, or `null` where there is none or its deadline has passed. What was never sealed is handed on as a
 * text that is no record, for the replica to report and to overwrite.
 */
export function unseal(found: unknown, now: number): string | null {
  if (found === undefined || found === null) return null;
  if (typeof found !== "string") return `not a text but of type ${typeof found}`;
  const deadline = /^\d+(?=\|)/.exec(found)?.[0];
  if (deadline === undefined) return found;
  return Number(deadline) > now ? found.slice(deadline.length + 1) : null;
}
