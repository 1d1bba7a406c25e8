/** The longest timer, in ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** Calls it once after this many ms. No timer here keeps the process alive. */
export function after(ms: number, act: () => void): NodeJS.Timeout {
  const timer = setTimeout(act, Math.min(ms, LONGEST_MS));
  timer.unref?.();
  return timer;
}

/** Calls it now, and then every this many ms. */
export function repeat(ms: number, act: () => Promise<void>): NodeJS.Timeout {
  const timer = setInterval(act, Math.min(ms, LONGEST_MS));
  timer.unref?.();
  void act();
  return timer;
}
