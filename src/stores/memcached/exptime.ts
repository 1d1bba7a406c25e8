/** Above this many seconds memcached takes a number for a time since the epoch. */
const LONGEST_RELATIVE = 30 * 24 * 3_600;
/** What memcached counts in: a later second would be one long past. */
const LAST_SECOND = 2 ** 31 - 1;

/**
 * A time to live as memcached takes it. It counts whole seconds, and the one under way as the first, so that
 * a value for so many lives up to one less, so it gets one more.
 */
export function exptime(ttlMs: number, now: number): number {
  const seconds = Math.ceil(ttlMs / 1_000) + 1;
  if (seconds <= LONGEST_RELATIVE) return seconds;
  return Math.min(Math.floor(now / 1_000) + seconds, LAST_SECOND);
}
