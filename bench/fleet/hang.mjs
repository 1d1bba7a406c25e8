// A backend that answers in 10 ms, and from some moment on not at all. 100 processes call it ten times a second each,
// and give up after a second. How many calls still reach it, and when all of them fail fast.
import { chanceOf, countingStore, startFleet, virtualTime } from "./world.mjs";

const SIZE = 100;
const EVERY_MS = 100;
const WELL_MS = 10;
const TIMEOUT = "1s";
const OPEN = 30;
/** It works for that long before. */
const WARM_MS = 11_000;

export const HANG = {
  "no `slowCall`": { quorum: 3 },
  '`slowCall: "200ms"`': { quorum: 3, slowCall: "200ms" },
  '`slowCall: "200ms"`, `consecutive: 5`': { quorum: 3, slowCall: "200ms", consecutive: 5 },
  '`slowCall: "200ms"`, no quorum': { slowCall: "200ms" },
  '`slowCall: "200ms"`, not shared': { slowCall: "200ms", scope: "process" },
};

/** Calls that reached it, in all and by tenth of a second, and after how many ms the last circuit was open. */
export async function hang(options, { forMs = 20_000, seed = 1 } = {}) {
  const random = chanceOf(seed);
  const time = virtualTime(random);
  const { clock } = time;
  const { store } = countingStore(time, { delay: () => 0.5 + random() });
  const fleet = await startFleet(time, {
    size: SIZE,
    open: OPEN,
    options: { callTimeout: TIMEOUT, ...options },
    store,
  });
  let hangs = false;
  let began = 0;
  let leaked = 0;
  const byTenth = new Array(Math.ceil(forMs / 100) + 1).fill(0);
  const work = () => {
    if (!hangs) return time.sleep(WELL_MS);
    leaked++;
    byTenth[Math.floor((clock.now() - began) / 100)]++;
    return new Promise(() => {});
  };
  for (const { circuits } of fleet) {
    const call = () => {
      clock.after(EVERY_MS, call);
      circuits[0].run(work).catch(() => {});
    };
    clock.after(random() * EVERY_MS, call);
  }
  await time.runUntil(clock.now() + WARM_MS);
  hangs = true;
  began = clock.now();
  let openAfterMs;
  while (clock.now() < began + forMs) {
    await time.runUntil(clock.now() + 10);
    if (openAfterMs === undefined && fleet.every(({ circuits }) => circuits[0].state === "open"))
      openAfterMs = clock.now() - began;
  }
  return { leaked, byTenth, openAfterMs, reason: fleet[0].circuits[0].snapshot().reason };
}
