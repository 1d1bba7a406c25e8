import type { Clock } from "../runtime/clock.js";
import type { Outcome } from "./with-deadline.js";

/** Long work lets the event loop run after this long, in ms, and reads the clock after this many items. */
const SLICE_MS = 5;
const ITEMS = 16;

/**
 * Does the work for each item in slices, and lets other work run between them. If it fits into one slice, it is done on
 * return. `done` is called once, with the error if an item or the work threw one.
 */
export function inSlices<T>(
  clock: Clock,
  items: Iterable<T>,
  work: (item: T) => void,
  done: (outcome: Outcome<undefined>) => void,
): void {
  const iterator = items[Symbol.iterator]();
  const slice = (): boolean => {
    const end = clock.now() + SLICE_MS;
    for (let count = 1; ; count++) {
      const next = iterator.next();
      if (next.done) return true;
      work(next.value);
      if (count % ITEMS === 0 && clock.now() >= end) return false;
    }
  };
  const run = (): void => {
    let over = true;
    try {
      over = slice();
    } catch (error) {
      done({ ok: false, error });
      return;
    }
    if (over) done({ ok: true, value: undefined });
    else clock.after(0, run);
  };
  run();
}
