import { formatValue } from "./format-value.js";

/** A length of time: a number of seconds, or a string with its unit, as in `"250ms"`, `"30s"`, `"5m"`, `"2h"`, `"1d"`. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** The longest time. */
export const LONGEST_MS: number = 365 * UNIT_MS.d;
/** A larger number is taken for milliseconds. */
export const LONGEST_SECONDS = 3_600;
/** Of one call. */
export const LONGEST_CALL_SECONDS = 60;

/**
 * The milliseconds of a duration.
 *
 * @param mostSeconds a larger number is taken for milliseconds given by mistake.
 * @throws {TypeError} anything but a number or a string of a number and a unit.
 * @throws {RangeError} zero, negative, NaN, infinite, longer than a year, or a number over `mostSeconds`.
 */
export function milliseconds(
  option: string,
  duration: unknown,
  mostSeconds: number = LONGEST_SECONDS,
): number {
  const got = formatValue(duration);
  if (typeof duration === "number") {
    if (!(duration > 0) || !Number.isFinite(duration)) {
      throw new RangeError(
        `${option} is ${got}: it takes a number of seconds above 0, or a string like "250ms"`,
      );
    }
    if (duration > mostSeconds) {
      throw new RangeError(
        `${option} is ${got} seconds: were milliseconds meant? Write "${got}ms", or "${got}s" for that many seconds`,
      );
    }
    return duration * 1_000;
  }
  const parts = typeof duration === "string" ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration) : null;
  if (parts === null) {
    throw new TypeError(
      `${option} is ${got}: it takes a number of seconds, or a string with a unit like "250ms", "30s", "5m", "2h" or "1d"`,
    );
  }
  const ms = Number(parts[1]) * UNIT_MS[parts[2] as keyof typeof UNIT_MS];
  if (!(ms > 0) || ms > LONGEST_MS)
    throw new RangeError(`${option} is ${got}: it takes more than 0 and at most "365d"`);
  return ms;
}
