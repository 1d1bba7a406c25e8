import { systemClock } from "../../runtime/system-clock.js";

const TRIES = 25;
/** The pause between two attempts, in ms, unless another is given: random, and longer each time. */
const PAUSE = 2;

/**
 * Repeats a statement if another transaction was in its way and nothing was written. The repeated statement finds out
 * that it lost the race. Rejects with the last error if that continues.
 */
export async function againWhere<T>(
  lost: (error: unknown) => boolean,
  run: () => PromiseLike<T>,
  pauseMs: number = PAUSE,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (tries === TRIES || !lost(error)) throw error;
      await new Promise<void>((resolve) =>
        systemClock.after(pauseMs * tries * systemClock.random(), resolve),
      );
    }
  }
}
