/** No timer can be longer, in ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** Does it once, after so many ms. Like all timers here it keeps no process alive. */
export function after(ms: number, act: () => void): NodeJS.Timeout {
  const timer = setTimeout(act, Math.min(ms, LONGEST_MS));
  timer.unref?.();
  return timer;
}

/** Does it now, and again every so many ms. */
export function repeat(ms: number, act: () => Promise<void>): NodeJS.Timeout {
  const timer = setInterval(act, Math.min(ms, LONGEST_MS));
  timer.unref?.();
  void act();
  return timer;
}
