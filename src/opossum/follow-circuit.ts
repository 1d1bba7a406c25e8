import type { Circuit } from "../api/circuit.js";
import type { Subscription } from "../events/event-types.js";

const CHANGES = ["open", "half-open", "close", "hold", "release"] as const;

/** What ends with a breaker that nobody uses any more. */
const dropped = new FinalizationRegistry<() => void>((end) => end());

/**
 * Tells a breaker when its circuit may have changed, until it is disposed or nobody uses the breaker any more. A
 * service may make a breaker for each request, and the circuit outlives them.
 *
 * @param onChange gets the open time in ms if the circuit has opened. It must not hold the breaker.
 * @param ended is called once when that is over. It must not hold the breaker either.
 */
export function followCircuit<B extends object>(
  breaker: B,
  circuit: Circuit,
  onChange: (breaker: B, openMs: number | undefined) => void,
  ended?: () => void,
): Subscription {
  const weak = new WeakRef(breaker);
  const subscriptions = CHANGES.map((name) =>
    circuit.on(name, (event) => {
      const found = weak.deref();
      if (found !== undefined) onChange(found, event.type === "open" ? event.retryAfterMs : undefined);
    }),
  );
  const dispose = (): void => {
    for (const each of subscriptions) each.dispose();
    ended?.();
  };
  dropped.register(breaker, dispose);
  return { dispose, [Symbol.dispose]: dispose };
}
