// A backend that is dead for ten minutes, and 100 processes that call it ten times a second each: how many calls still
// reach it, and wait for their time-out of a second.
import { chanceOf, countingStore, startFleet, virtualTime } from "./world.mjs";

const SIZE = 100;
const PER_SECOND = 1_000;
const TIMEOUT_MS = 1_000;
const OPEN = 30;

/**
 * The protection of the fleet: `admits(process)` says whether a call goes out, and `failed(process)` that it timed
 * out.
 */
const WAYS = {
  /** Python's failfast, and others: one flag for all with an expiry, and nothing more. */
  "a shared flag with an expiry": (time) => {
    let until = 0;
    return {
      admits: () => time.clock.now() >= until,
      failed: () => {
        until = time.clock.now() + OPEN * 1_000;
      },
    };
  },
};

const LIBRARY = {
  /** The same as above in this library. */
  'failfast, `recovery: "all"`': { recovery: "all" },
  'failfast, `scope: "process"`: local, one probe each': { scope: "process" },
  failfast: {},
};

export const HERD = [...Object.keys(WAYS), ...Object.keys(LIBRARY)];

/** Calls that reached the backend, in all and by the second. */
export async function herd(way, { dead = 600, seed = 1 } = {}) {
  const random = chanceOf(seed);
  const time = virtualTime(random);
  let guard;
  if (WAYS[way]) {
    const model = WAYS[way](time);
    guard = (n, work) => (model.admits(n) ? work().catch(() => model.failed(n)) : Promise.resolve());
  } else {
    const { store } = countingStore(time, { delay: () => 0.5 + random() });
    const options = { ...LIBRARY[way], callTimeout: "1s" };
    const fleet = await startFleet(time, { size: SIZE, open: OPEN, options, store });
    guard = (n, work) => fleet[n].circuits[0].run(work).catch(() => {});
  }
  const began = time.clock.now();
  const bySecond = new Array(dead + 1).fill(0);
  let leaked = 0;
  const work = async () => {
    leaked++;
    bySecond[Math.floor((time.clock.now() - began) / 1_000)]++;
    await time.sleep(TIMEOUT_MS);
    throw new Error("time-out");
  };
  for (let n = 0; n < dead * PER_SECOND; n++) {
    await time.runUntil(began + (n * 1_000) / PER_SECOND);
    void guard(Math.floor(random() * SIZE), work);
  }
  await time.runUntil(time.clock.now() + 2 * TIMEOUT_MS);
  return { leaked, bySecond };
}
