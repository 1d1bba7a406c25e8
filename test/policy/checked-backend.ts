import type { FailfastOptions, RecoveryCheck } from "../../src/index.js";
import { boom } from "../rules/fleet.js";
import { alone } from "./alone.js";

/** A check that counts its calls, and fails or succeeds as the backend does at that moment. */
export function backend() {
  const its = {
    well: false as unknown,
    checks: 0,
    signals: [] as AbortSignal[],
    check: (async (signal) => {
      its.checks++;
      its.signals.push(signal as AbortSignal);
      if (its.well === "hangs") await new Promise(() => undefined);
      if (its.well === false) throw boom;
    }) as RecoveryCheck,
  };
  return its;
}

/** One circuit of one process, open for ten seconds. */
export const openForTen = (options: FailfastOptions) => alone(options, 10);
