import type { ExpectStatic } from "vitest";
import type { Store } from "../../src/options/store.js";

/** A store, and how often it was listed. */
export function countLists(store: Store): { readonly counted: Store; readonly lists: () => number } {
  let lists = 0;
  return {
    counted: {
      ...store,
      list(...args) {
        lists += 1;
        return (store.list as NonNullable<Store["list"]>)(...args);
      },
    },
    lists: () => lists,
  };
}

/** Four polls more of a store that pushes take at least 36 s, even if the first comes at once. */
export async function polledEachSecond(expect: ExpectStatic, lists: () => number): Promise<void> {
  const before = lists();
  await expect.poll(lists, { timeout: 30_000 }).toBeGreaterThanOrEqual(before + 4);
}
