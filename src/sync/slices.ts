import type { Clock } from "../runtime/clock.js";
import type { Outcome } from "./with-deadline.js";

/** Long work gives the event loop a turn after this long, in ms, and looks at the clock after so many items. */
const SLICE_MS = 5;
const ITEMS = 16;

/**
 * Does the work for each item in slices, between which other things get their turn; what fits one slice is done on
 * return. `done` is called once, with what was thrown by an item or the work, if something was.
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
