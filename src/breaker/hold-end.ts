import type { Shell } from "./shell.js";

/** The timers of holds that end by themselves. Few circuits are held, so breakers have no field for one. */
const timers = new WeakMap<Shell, () => void>();

/** Looks at the time again when its hold ends; Infinity: never. */
export function lookAgainAt(breaker: Shell, atMs: number): void {
  timers.get(breaker)?.();
  if (atMs === Infinity) return;
  const { clock, lookedAt } = breaker.session;
  timers.set(
    breaker,
    clock.after(atMs - lookedAt, () => void breaker.dispatch({ type: "time" })),
  );
}
