import type { Clock } from "./clock.js";
import { detached } from "./detached.js";
import { platform } from "./platform.js";

/** A timer longer than this, some 25 days, would go off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The runtime's own time, chance and timers. No timer of it keeps the process alive, or the context of the call that
 * started it. All are looked up at each use: a test framework replaces and restores them while the library is loaded.
 */
export const systemClock: Clock = {
  now: () => (platform.performance ?? platform.Date).now(),
  wall: () => platform.Date.now(),
  random: () => Math.random(),
  after(ms, run) {
    const { clearTimeout } = platform;
    const timer = detached(() => platform.setTimeout(run, Math.min(ms, LONGEST_TIMER_MS)));
    if (typeof timer === "object" && timer !== null && "unref" in timer) {
      (timer as { unref(): void }).unref();
    }
    return () => clearTimeout(timer);
  },
};
