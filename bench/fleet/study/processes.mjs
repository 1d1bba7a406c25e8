import { hangOfProcesses } from "../processes/hang.mjs";
import { thousands } from "./words.mjs";

/**
 * The hang of `hang.mjs` with real processes. `slower`: all times are multiplied by this, for machines with few cores.
 */
export async function processesStudy(_, { size, slower }) {
  const ms = (each) => `${each * slower}ms`;
  const slowCall = ms(200);
  const common = { quorum: Math.min(3, size), callTimeout: ms(1_000) };
  const ways = [common, { ...common, slowCall, window: ms(10_000), consecutive: 5 }];
  const found = await hangOfProcesses(ways, { size, slower, forMs: 3_000 });
  if (found === undefined) throw new Error("there is no redis-server here");
  const [without, slow] = found;
  // If successful calls take half as long as a slow one, this measures the machine and not the library.
  const isCalm = found.every(({ p99 }) => p99 < 100 * slower);
  return {
    title: "A backend that hangs, called by real processes",
    before: [
      `${size} Node processes call a backend over HTTP every ${100 * slower} ms each, and share their circuit over a Redis. It hangs from`,
      `some moment on. \`callTimeout: "${ms(1_000)}"\`, \`quorum: ${common.quorum}\`.`,
    ],
    columns: [
      "",
      "calls a second when well",
      "p99 of them",
      "calls that reach it when it hangs",
      "all fail fast after",
    ],
    rows: [
      ["no `slowCall`", without],
      [`\`slowCall: "${slowCall}"\`, and five failures in a row`, slow],
    ].map(([way, { perSecond, p99, leaked, openAfterMs }]) => [
      way,
      Math.round(perSecond),
      `${Math.round(p99)} ms`,
      thousands(leaked),
      `${thousands(Math.round(openAfterMs))} ms`,
    ]),
    checks: [
      {
        what: "the machine is calm enough for real processes: a call that is well takes less than half of a slow one",
        aim: `p99 < ${100 * slower} ms`,
        found: found.map(({ p99 }) => `${Math.round(p99)} ms`).join(", "),
        met: isCalm,
      },
      {
        what: "the same by real processes over Redis and HTTP: calls that reach the backend",
        aim: `≤ ${5 * size}`,
        found: `${thousands(slow.leaked)} (without it ${thousands(without.leaked)})`,
        met: slow.leaked <= 5 * size && slow.open === size,
      },
    ],
    plots: [],
    after: [],
  };
}
