import { systemClock } from "../../runtime/system-clock.js";

/** The outcome of `work`; rejects with `late()` if it takes longer than `ms`. */
export function withinMs<T>(work: PromiseLike<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(ms, () => reject(late()));
    Promise.resolve(work).then(resolve, reject).finally(cancel);
  });
}
