import type { CircuitSettings } from "./settings.js";

/** The settings of a circuit that is given none, but for these. */
export const settingsWith = (changes: Partial<CircuitSettings>): CircuitSettings => ({
  openMs: 60_000,
  recovery: "probe",
  probes: 1,
  threshold: 1,
  consecutive: 0,
  window: 10_000,
  failureRate: 0,
  minimumCalls: 10,
  slowCall: 0,
  slowCallRate: 0,
  backoffFactor: 1,
  backoffMax: 60_000,
  backoffJitter: 0,
  retryAfterMin: 0,
  retryAfterMax: 0,
  retryAfterFrom: undefined,
  rampUp: 0,
  scope: "fleet",
  quorum: 1,
  mode: "enforce",
  shareReason: false,
  stackTraces: false,
  maxCircuits: 10_000,
  ...changes,
});
