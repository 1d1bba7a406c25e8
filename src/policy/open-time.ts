import type { CircuitSettings } from "./settings.js";

/**
 * How long the circuit opens for, in ms. It is the time that the backend asked for, within its limits, or the circuit's
 * own time, grown by the back-off for each failed probe in a row. The process that writes it draws the jitter, once.
 * Jitter only shortens, so that the maximum stays a maximum.
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
 * Whether it has been closed so long that its back-off starts again. Before that it is still the same outage, in which
 * a probe or a few calls succeeded. `reopens`: the number with which the back-off would continue.
 */
export function forgetsBackoff(settings: CircuitSettings, reopens: number, closedForMs: number): boolean {
  if (reopens === 0) return true;
  const openMs = openTime(settings, reopens - 1, undefined, () => 0);
  return closedForMs >= (settings.backoffForget || openMs);
}

/** The longest time that this process would keep the circuit open by itself. */
export const longestOpenTime = ({ openMs, backoffMax, retryAfterMax }: CircuitSettings): number =>
  Math.max(openMs, backoffMax, retryAfterMax);
