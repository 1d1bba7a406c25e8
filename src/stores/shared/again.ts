import { systemClock } from "../../runtime/system-clock.js";

const TRIES = 25;
/** The pause between two tries, in ms, unless another is given: random, and longer each time. */
const PAUSE = 2;

/**
 * Runs a statement again where another transaction was in its way and nothing was written: the statement itself then
 * finds out that it lost the race. Rejects with the last error where that goes on.
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
