/** Something that expires. */
interface Expiring {
  /** In ms since the epoch. */
  readonly expires: number;
}

/** A binary heap that returns what expires first, in time logarithmic in its size. */
export class ExpiryHeap<T extends Expiring> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = items[above];
      if (parent === undefined || parent.expires <= item.expires) break;
      items[at] = parent;
      at = above;
    }
    items[at] = item;
  }

  /** Removes and returns what expires first; `undefined` if it is empty. */
  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      const [left, right] = [items[below], items[below + 1]];
      if (left === undefined) break;
      if (right !== undefined && right.expires < left.expires) below++;
      const earlier = items[below] ?? left;
      if (earlier.expires >= last.expires) break;
      items[at] = earlier;
      at = below;
    }
    items[at] = last;
    return first;
  }
}
