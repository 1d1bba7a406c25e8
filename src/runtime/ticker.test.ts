import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.resetModules();
});

/**
 * For how many ms this process was blocked, from a call's view that takes 105 ms and begins 60 ms after another one's
 * time-out.
 */
async function blockedAfterALostTick(): Promise<number> {
  vi.resetModules();
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"] });
  const { tickingClock } = await import("./ticker.js");
  tickingClock.blocked?.(tickingClock.now());
  // The time moves and no timer fires, as in a runtime whose timers end with their request.
  vi.setSystemTime(Date.now() + 60);
  const began = tickingClock.now();
  vi.setSystemTime(Date.now() + 105);
  return tickingClock.blocked?.(began) ?? 0;
}

test("a late tick shows for how long the process was blocked", async () => {
  expect(await blockedAfterALostTick()).toBeGreaterThan(50);
});

test("there is no blocked time in a runtime whose timers end with their request", async () => {
  vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
  expect(await blockedAfterALostTick()).toBe(0);
});
