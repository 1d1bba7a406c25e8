// AWS's jitter simulation (Brooker, "Exponential Backoff and Jitter"), with the writes of this library: a store that
// swaps by compare, messages that take a normally distributed time of mean 10 ms and deviation 2 ms each way.
import { chanceOf, countingStore, startFleet, virtualTime } from "./world.mjs";

const OPEN = 5;

/** Swaps that all processes together ask for: when all fail at once, and when all want the lease at once. */
export async function leaseRace(size, seed) {
  const random = chanceOf(seed);
  const time = virtualTime(random);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const { store, count, reset } = countingStore(time, { delay: () => 10 + 2 * normal() });
  const fleet = await startFleet(time, { size, open: OPEN, store });
  let probes = 0;
  const callAll = (ends) =>
    fleet.map(({ circuits: [circuit] }) =>
      circuit
        .run(async () => {
          probes++;
          await time.sleep(5);
          if (ends === "fail") throw new Error("backend");
        })
        .catch(() => {}),
    );
  reset();
  callAll("fail");
  await time.runUntil(time.clock.now() + 2_000);
  const trip = { swaps: count.swap, granted: count.granted };
  await time.runUntil(time.clock.now() + OPEN * 1_000 + 100);
  reset();
  probes = 0;
  callAll("serve");
  await time.runUntil(time.clock.now() + 2_000);
  return { trip, lease: { swaps: count.swap, granted: count.granted, probes } };
}
