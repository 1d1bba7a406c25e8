/** memcached takes a number of seconds above this for a time since the epoch. */
const LONGEST_RELATIVE = 30 * 24 * 3_600;
/** memcached's limit: a later second would be taken for one long past. */
const LAST_SECOND = 2 ** 31 - 1;

/**
 * A time to live in memcached's form. memcached counts whole seconds, and the current one as the first, so a value
 * would live up to one second less. Therefore one is added.
 */
export function exptime(ttlMs: number, now: number): number {
  const seconds = Math.ceil(ttlMs / 1_000) + 1;
  if (seconds <= LONGEST_RELATIVE) return seconds;
  return Math.min(Math.floor(now / 1_000) + seconds, LAST_SECOND);
}
