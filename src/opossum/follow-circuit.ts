import type { Circuit } from "../api/circuit.js";
import type { Subscription } from "../events/event-types.js";

const CHANGES = ["open", "half-open", "close", "hold", "release"] as const;

/** What ends with a breaker that nobody has any more. */
const dropped = new FinalizationRegistry<() => void>((end) => end());

/**
 * Tells a breaker that its circuit may have changed, until it is disposed or nobody has the breaker any more: a
 * service may make one for each request, and the circuit outlives them.
 *
 * @param told gets for how many ms it has opened, where it has. It must hold no breaker.
 * @param ended is called once that is over. Neither must this.
 */
export function followCircuit<B extends object>(
  breaker: B,
  circuit: Circuit,
  told: (breaker: B, openMs: number | undefined) => void,
  ended?: () => void,
): Subscription {
  const weak = new WeakRef(breaker);
  const subscriptions = CHANGES.map((name) =>
    circuit.on(name, (event) => {
      const found = weak.deref();
      if (found !== undefined) told(found, event.type === "open" ? event.retryAfterMs : undefined);
    }),
  );
  const dispose = (): void => {
    for (const each of subscriptions) each.dispose();
    ended?.();
  };
  dropped.register(breaker, dispose);
  return { dispose, [Symbol.dispose]: dispose };
}
