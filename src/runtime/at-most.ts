import type { Clock } from "./clock.js";

/** Waits for work that never rejects, but at most `ms`; says whether it ended. */
export function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((done) => {
    const cancel = clock.after(ms, () => done(false));
    void work.then(() => {
      cancel();
      done(true);
    });
  });
}
