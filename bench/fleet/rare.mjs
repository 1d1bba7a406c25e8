// A circuit that is called once a minute, and its backend is dead for two hours: which rules trip at all, and when.
import { createFailfast } from "failfast";
import { chanceOf, virtualTime } from "./world.mjs";

const EVERY_MS = 60_000;
const HOURS = 2;
const OPEN = "10m";

export const RARE = {
  "nothing: one failure trips": {},
  "threshold: 3": { threshold: 3 },
  'threshold: 3, window: "10m"': { threshold: 3, window: "10m" },
  "failureRate: 0.5": { failureRate: 0.5 },
  'failureRate: 0.5, minimumCalls: 3, window: "10m"': { failureRate: 0.5, minimumCalls: 3, window: "10m" },
  "consecutive: 3": { consecutive: 3 },
  'slowCall: "200ms"': { slowCall: "200ms", threshold: 1_000 },
  'slowCall: "200ms", minimumCalls: 3, window: "10m"': {
    slowCall: "200ms",
    minimumCalls: 3,
    window: "10m",
    threshold: 1_000,
  },
};

/** After which call it opens, if at all; how many of all calls reach the backend, and what `lint()` reports. */
export async function rare(options) {
  const time = virtualTime(chanceOf(1));
  const failfast = createFailfast({ clock: time.clock });
  const circuit = failfast("backend", OPEN, { callTimeout: "1s", ...options });
  let reached = 0;
  let opensAfter;
  const calls = (HOURS * 3_600_000) / EVERY_MS;
  for (let n = 0; n < calls; n++) {
    circuit
      .run(() => {
        reached++;
        return new Promise(() => {});
      })
      .catch(() => {});
    await time.runUntil((n + 1) * EVERY_MS);
    if (opensAfter === undefined && circuit.state !== "closed") opensAfter = n + 1;
  }
  return { calls, reached, opensAfter, findings: failfast.lint().map(({ finding }) => finding) };
}
