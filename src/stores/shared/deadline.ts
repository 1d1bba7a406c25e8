import { systemClock } from "../../runtime/system-clock.js";

/** What `work` comes to; rejects where it takes longer than `ms`, with what `late` says. */
export function withinMs<T>(work: PromiseLike<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(ms, () => reject(late()));
    Promise.resolve(work).then(resolve, reject).finally(cancel);
  });
}
