import type { Clock } from "../runtime/clock.js";
import type { RecordCache } from "./cache.js";
import type { Subscriber } from "./entry.js";
import { inSlices } from "./slices.js";

/** What proposing needs from the replica. */
export interface ProposeHost {
  readonly clock: Clock;
  readonly cache: RecordCache;
  readonly subscribers: ReadonlyMap<string, Subscriber>;
}

/** The store was read: circuits with a pending decision propose it. After the store was down all are asked. */
export function proposePending({ clock, cache, subscribers }: ProposeHost, wasDown: boolean): void {
  inSlices(
    clock,
    subscribers,
    ([name, subscriber]) => {
      // A failed write is retried at a pace of its own, although reads succeed.
      const waits = cache.circuits.get(name)?.retry !== undefined;
      if (wasDown || (subscriber.pending && !waits)) subscriber.flush();
    },
    () => undefined,
  );
}
