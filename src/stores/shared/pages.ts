import { systemClock } from "../../runtime/system-clock.js";

/** So few records that taking them in does not hold the event loop for long. */
export const PAGE = 1_000;
const LARGEST_PAGE = 8_000;
/** If a page takes longer than this, in ms, the store is far away or busy, and the next page is larger. */
const NEAR_MS = 20;

/**
 * Reads a list page by page, so that other work gets its turn in between. `ask` returns at most `limit` rows, those that
 * follow the last one of the page before.
 */
export async function inPages<R>(
  ask: (limit: number, last: R | undefined) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const all: R[] = [];
  let limit = PAGE;
  for (;;) {
    const began = systemClock.now();
    const page = await ask(limit, all.at(-1));
    for (const row of page) all.push(row);
    if (page.length < limit) return all;
    if (systemClock.now() - began > NEAR_MS) limit = Math.min(2 * limit, LARGEST_PAGE);
  }
}
