import { createFailfast, type Failfast, memoryStore } from "../index.js";
import { manualClock } from "../testing/index.js";

export const fail = async (): Promise<never> => {
  throw new TypeError("the backend is down");
};

/** The call, whatever its outcome. */
export const quietly = (call: Promise<unknown>): Promise<unknown> => call.catch(() => undefined);

/** So many processes that share a store. */
export function fleetOf(
  size: number,
  options: object = {},
): { clock: ReturnType<typeof manualClock>; each: Failfast[] } {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const each = Array.from({ length: size }, (_, at) =>
    createFailfast({ clock, store, host: `host${at}`, ...options }),
  );
  return { clock, each };
}
