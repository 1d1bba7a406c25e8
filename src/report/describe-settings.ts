import type { CircuitSettings } from "../policy/settings.js";

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** A time as an option takes it: `"90s"`, `"5m"`. */
function formatMs(ms: number): string {
  const unit = UNITS.find(([, length]) => ms >= length && ms % length === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}

/** The settings of a circuit, under the names of their options, without those that are off. */
export function describeSettings(settings: CircuitSettings): Record<string, string> {
  const told: Record<string, string> = { timeout: formatMs(settings.openMs) };
  const tell = (name: string, value: unknown, off: unknown): void => {
    if (value !== off) told[name] = typeof value === "function" ? "a function" : String(value);
  };
  const time = (name: string, ms: number): void => tell(name, formatMs(ms), formatMs(0));
  tell("mode", settings.mode, "enforce");
  tell("scope", settings.scope, "fleet");
  tell("quorum", settings.quorum, 1);
  tell("threshold", settings.threshold, 0);
  tell("failureRate", settings.failureRate, 0);
  tell("consecutive", settings.consecutive, 0);
  time("slowCall", settings.slowCall);
  tell("slowCallRate", settings.slowCallRate, 0);
  const rates = settings.failureRate > 0 || settings.slowCallRate > 0;
  if (rates) tell("minimumCalls", settings.minimumCalls, 0);
  if (rates || settings.threshold > 1 || settings.mode === "throttle") time("window", settings.window);
  tell("recovery", settings.check === undefined ? settings.recovery : "a check", "probe");
  tell("probes", settings.probes, 1);
  if (settings.backoffFactor > 1) {
    tell("backoff", `${settings.backoffFactor}x, up to ${formatMs(settings.backoffMax)}`, "");
  }
  time("rampUp", settings.rampUp);
  if (settings.retryAfterMax > 0) tell("retryAfter", `up to ${formatMs(settings.retryAfterMax)}`, "");
  return told;
}
