import type { Clock } from "./clock.js";
import { time } from "./time.js";
import { after, recoverTimers } from "./timers.js";

/**
 * The runtime's own time, randomness and timers. They are looked up at each use, because test frameworks replace them.
 */
export const systemClock: Clock = {
  now() {
    const moment = time.now();
    recoverTimers(moment);
    return moment;
  },
  wall: () => Date.now(),
  random: () => Math.random(),
  after: (ms, run, ofCall = false) => after(ms, run, ofCall),
};
