import { CommandError, EXIT } from "./errors.js";

const DAY_MS = 86_400_000;
/** The latest date, in ms since the epoch. */
const LATEST = 8.64e15;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration in a few characters: `45 s`, `12 m`, `3 h`, `2 d`. */
export function formatSpan(ms: number): string {
  const [unit, length] =
    ms < 120_000
      ? ["s", 1_000]
      : ms < 7_200_000
        ? ["m", 60_000]
        : ms < 172_800_000
          ? ["h", 3_600_000]
          : ["d", 86_400_000];
  return `${Math.max(0, Math.round(ms / Number(length)))} ${unit}`;
}

export const formatAgo = (at: number | undefined, now: number): string =>
  at === undefined ? "" : `${formatSpan(now - at)} ago`;

export const formatLeft = (until: number | undefined, now: number): string =>
  until === undefined ? "" : `in ${formatSpan(until - now)}`;

/** A record may come from anyone: its time may be beyond all dates. */
export const formatMoment = (at: number): string =>
  at <= LATEST ? new Date(at).toISOString() : "beyond all dates";

/** The moment that a flag names, in ms since the epoch: `10m` from now, or for `--until` also a date with its time. */
export function momentOf(flag: "for" | "until", text: string, now: number): number {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (count === undefined && flag === "for")
    throw new CommandError(
      `--for ${JSON.stringify(text)} is not a duration: write "10m". For a date use --until`,
      EXIT.usage,
    );
  const at = count === undefined ? Date.parse(text) : now + Number(count) * (UNIT_MS[unit] ?? 0);
  if (Number.isNaN(at))
    throw new CommandError(
      `--${flag} ${JSON.stringify(text)} is not a time: write "10m", or a date such as 2026-11-28T17:30`,
      EXIT.usage,
    );
  if (at <= now) throw new CommandError(`--${flag} ${JSON.stringify(text)} is in the past`, EXIT.usage);
  if (at > now + DAY_MS)
    throw new CommandError(
      `--${flag} ${JSON.stringify(text)} is more than a day away: give at most "24h", or leave it out to hold until it is released`,
      EXIT.usage,
    );
  return at;
}
