import type { CircuitSettings } from "./settings.js";

/**
 * How long the circuit opens for, in ms: the time asked for by the backend, within its limits, or the
 * circuit's own, grown by the back-off for each probe that failed in a row. The jitter is drawn here, once, by
 * the process that writes it, and only ever shortens, so that the maximum is one.
 */
export function openTime(
  settings: CircuitSettings,
  reopens: number,
  asked: number | undefined,
  random: () => number,
): number {
  const { openMs, backoffFactor, backoffMax, backoffJitter, retryAfterMin, retryAfterMax } = settings;
  if (asked !== undefined && retryAfterMax > 0)
    return Math.min(Math.max(asked, retryAfterMin), retryAfterMax);
  if (reopens === 0) return openMs;
  const grown = Math.min(openMs * backoffFactor ** reopens, backoffMax);
  return backoffJitter === 0 ? grown : grown * (1 - backoffJitter * random());
}

/**
 * Whether it has been closed for so long that its back-off begins anew. Before that it is the same outage, in which a
 * probe or a few calls succeeded. `reopens`: of the trip that would go on with it.
 */
export function forgetsBackoff(settings: CircuitSettings, reopens: number, closedForMs: number): boolean {
  if (reopens === 0) return true;
  const openMs = openTime(settings, reopens - 1, undefined, () => 0);
  return closedForMs >= (settings.backoffForget || openMs);
}

/** The longest that this process would keep the circuit open by itself. */
export const longestOpenTime = ({ openMs, backoffMax, retryAfterMax }: CircuitSettings): number =>
  Math.max(openMs, backoffMax, retryAfterMax);
