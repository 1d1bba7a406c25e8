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
  const described: Record<string, string> = { timeout: formatMs(settings.openMs) };
  const add = (name: string, value: unknown, off: unknown): void => {
    if (value !== off) described[name] = typeof value === "function" ? "a function" : String(value);
  };
  const time = (name: string, ms: number): void => add(name, formatMs(ms), formatMs(0));
  add("mode", settings.mode, "enforce");
  add("scope", settings.scope, "fleet");
  add("quorum", settings.quorum, 1);
  add("threshold", settings.threshold, 0);
  add("failureRate", settings.failureRate, 0);
  add("consecutive", settings.consecutive, 0);
  time("slowCall", settings.slowCall);
  add("slowCallRate", settings.slowCallRate, 0);
  const rates = settings.failureRate > 0 || settings.slowCallRate > 0;
  if (rates) add("minimumCalls", settings.minimumCalls, 0);
  if (rates || settings.threshold > 1 || settings.mode === "throttle") time("window", settings.window);
  add("recovery", settings.check === undefined ? settings.recovery : "a check", "probe");
  add("probes", settings.probes, 1);
  if (settings.backoffFactor > 1) {
    add("backoff", `${settings.backoffFactor}x, up to ${formatMs(settings.backoffMax)}`, "");
  }
  time("rampUp", settings.rampUp);
  if (settings.retryAfterMax > 0) add("retryAfter", `up to ${formatMs(settings.retryAfterMax)}`, "");
  return described;
}
