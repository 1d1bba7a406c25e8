// Shopify's equation for what half-open circuits cost ("Your Circuit Breaker is Misconfigured", Polan, 2020):
//
//     extra utilisation = circuits · half-open resource time-out / (workers' threads · error time-out)
//
// All circuits of a fleet are down; each worker has its threads, and a thread that probes waits out the time-out.
import { chanceOf, endOf, fleetOf, virtualTime } from "./world.mjs";

const CIRCUITS = 42;
const THREADS = 2;

export const equation = (timeOut, open) => (CIRCUITS * timeOut) / (THREADS * open);

/** The share of its threads' time that a worker spends on probes, measured over `seconds`. */
export async function utilisation({ workers, timeOut, open, options, seconds = 300 }) {
  const time = virtualTime(chanceOf(1));
  const fleets = [];
  for (let n = 0; n < CIRCUITS; n++)
    fleets.push(await fleetOf(time, workers, open, { ...options, callTimeout: `${timeOut * 1_000 + 1}ms` }));
  let busy = 0;
  const call = (circuit) =>
    endOf(
      circuit.run(async () => {
        await time.sleep(timeOut * 1_000);
        busy += timeOut;
        throw new Error("time-out");
      }),
    );
  // Each worker calls each circuit ten times a second, which is often enough to find every due circuit.
  const began = time.clock.now();
  const settle = open * 2_000;
  let counted = 0;
  for (let tick = 0; tick * 100 < settle + seconds * 1_000; tick++) {
    await time.runUntil(began + tick * 100);
    if (counted === 0 && tick * 100 >= settle) {
      busy = 0;
      counted = 1;
    }
    for (const circuits of fleets)
      for (const circuit of circuits) if (circuit.retryAfter === 0) void call(circuit);
  }
  return busy / (workers * THREADS * seconds);
}
