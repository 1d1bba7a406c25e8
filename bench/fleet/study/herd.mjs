import { HERD, herd } from "../herd.mjs";
import { lines } from "../plot.mjs";
import { thousands } from "./words.mjs";

const TITLE = "Calls to a dead backend";

export async function herdStudy(quick) {
  const dead = quick ? 120 : 600;
  const found = {};
  for (const way of HERD) found[way] = await herd(way, { dead });
  const [flag, all, local, shared] = HERD;
  // The first thousand are under way before anyone can know; a hundred for the rest of ten minutes.
  const most = 1_000 + dead / 6;
  return {
    title: TITLE,
    before: [
      "100 processes call a backend 10 times a second each. The backend is dead for 600 s: every call that reaches it waits for",
      "its time-out of 1 s. A circuit stays open for 30 s. About 1 000 calls are already under way before the first one fails, and",
      "no breaker can prevent those.",
    ],
    columns: ["", `calls in ${dead} s`],
    rows: HERD.map((way) => [way, thousands(found[way].leaked)]),
    checks: [
      {
        what: `calls that reach a backend dead for ${dead} s`,
        aim: `≤ ${thousands(most)}`,
        found: thousands(found[shared].leaked),
        met: found[shared].leaked <= most,
      },
      {
        what: "the same with a shared flag that expires; with a separate breaker in each process",
        aim: "more than with failfast",
        found: `${thousands(found[flag].leaked)}, ${thousands(found[local].leaked)}`,
        met:
          found[flag].leaked > found[local].leaked &&
          found[local].leaked > found[shared].leaked &&
          Math.abs(found[all].leaked / found[flag].leaked - 1) < 0.1,
      },
    ],
    plots: [
      {
        file: "herd",
        alt: "Calls that reached the dead backend, over time",
        svg: lines({
          title: "Calls that reached a dead backend, of 1 000 a second",
          x: { label: "seconds since it died", from: 0, to: dead },
          y: { label: "calls so far", from: 0, to: Math.ceil(found[flag].leaked / 5_000) * 5_000 },
          series: [
            { name: "failfast", points: soFar(found[shared].bySecond) },
            { name: "a breaker in each process", points: soFar(found[local].bySecond) },
            { name: "a shared flag with an expiry", points: soFar(found[flag].bySecond) },
          ],
          dots: false,
        }),
      },
    ],
    after: [
      "The flag is a model of ten lines: it does what Python's `failfast` and others do. In this library,",
      '`recovery: "all"` does the same. Each time the flag expires, the whole fleet calls the backend, and waits for the time-out of',
      "1 s. Each of those failures sets the flag again, so the fleet returns every 32 s (in this library, every 31 s).",
    ],
  };
}

function soFar(bySecond) {
  let sum = 0;
  return bySecond.map((calls, second) => {
    sum += calls;
    return [second, sum];
  });
}
