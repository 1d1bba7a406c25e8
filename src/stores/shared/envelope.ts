/**
 * A value and its deadline, in ms since the epoch, as one text.
 *
 * Every cache returns a string unchanged, whether it clones, serialises or shares objects. The separator is not valid
 * JSON, because some caches parse a text that looks like JSON and return an object or a number.
 */
export function seal(value: string, expires: number): string {
  return `${Math.ceil(expires)}|${value}`;
}

/**
 * The value, or `null` if there is none or its deadline has passed. A value without a deadline is passed on as a string
 * that is not a record, so that the replica reports and overwrites it.
 */
export function unseal(found: unknown, now: number): string | null {
  if (found === undefined || found === null) return null;
  if (typeof found !== "string") return `not a text but of type ${typeof found}`;
  const deadline = /^\d+(?=\|)/.exec(found)?.[0];
  if (deadline === undefined) return found;
  return Number(deadline) > now ? found.slice(deadline.length + 1) : null;
}
