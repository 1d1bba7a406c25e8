/**
 * A value with its deadline, in ms since the epoch, as one text.
 *
 * A string comes back unchanged from every cache, whether it clones, serialises or shares objects. The separator is
 * not valid JSON: some caches parse what looks like JSON and return an object or a number.
 */
export function seal(value: string, expires: number): string {
  return `${Math.ceil(expires)}|${value}`;
}

/**
 * The value, or `null` where there is none or its deadline has passed. A value without a deadline is passed on as a
 * string that is no record, so that the replica reports and overwrites it.
 */
export function unseal(found: unknown, now: number): string | null {
  if (found === undefined || found === null) return null;
  if (typeof found !== "string") return `not a text but of type ${typeof found}`;
  const deadline = /^\d+(?=\|)/.exec(found)?.[0];
  if (deadline === undefined) return found;
  return Number(deadline) > now ? found.slice(deadline.length + 1) : null;
}
