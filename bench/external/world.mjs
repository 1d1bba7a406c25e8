// A fleet that shares a store with a delay. With `scope: "process"` its processes share nothing.
import { countingStore, startFleet } from "../fleet/world.mjs";

export { chanceOf, endOf, virtualTime } from "../fleet/world.mjs";

/** The circuit of each process, on its own host; each way to the store takes `delayMs`. */
export async function fleetOf(time, size, open, options, delayMs = 1) {
  const { store } = countingStore(time, { delay: () => delayMs });
  const processes = await startFleet(time, { size, open, options, store });
  return processes.map(({ circuits: [circuit] }) => circuit);
}
