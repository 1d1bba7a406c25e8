import { HANG, hang } from "../hang.mjs";
import { HEALTH, healthyHours } from "../healthy.mjs";
import { lines, timeline } from "../plot.mjs";
import { chanceOf } from "../world.mjs";
import { mean, thousands } from "./words.mjs";

const MOST = 500;
const WITHOUT = "no `slowCall`";
const SLOW = '`slowCall: "200ms"`';
const SET = '`slowCall: "200ms"`, `consecutive: 5`';

export async function hangStudy(quick) {
  const seeds = quick ? [1] : [1, 2, 3];
  const forMs = quick ? 2_000 : 5_000;
  const found = {};
  for (const way of quick ? [WITHOUT, SLOW] : Object.keys(HANG)) {
    const runs = [];
    for (const seed of seeds) runs.push(await hang(HANG[way], { forMs, seed }));
    found[way] = {
      most: Math.max(...runs.map(({ leaked }) => leaked)),
      mean: mean(runs.map(({ leaked }) => leaked)),
      openAfterMs: mean(runs.map(({ openAfterMs }) => openAfterMs)),
      byTenth: runs[0].byTenth,
    };
  }
  const hours = quick ? 20 : 10_000;
  const healthy = healthyHours(HANG[SET], hours, chanceOf(1));
  // The same hours with a backend that hangs; otherwise a rule that never trips would look good.
  const sick = healthyHours(HANG[SET], 1, chanceOf(1), 0);
  return {
    title: "A backend that hangs",
    before: [
      "100 processes call a backend 10 times a second each. It answers in 10 ms. Then it hangs: it answers no call, and every call waits for",
      "its time-out of 1 s. With `slowCall` a call counts as slow while it is still under way. The quorum is `quorum: 3` unless the row says",
      `otherwise. The table shows the worst and the mean of ${seeds.length} runs of ${forMs / 1_000} s.`,
    ],
    columns: ["", "calls that reach it, at most", "mean", "all fail fast after"],
    rows: Object.entries(found).map(([way, { most, mean, openAfterMs }]) => [
      way,
      thousands(most),
      thousands(mean),
      `${thousands(openAfterMs)} ms`,
    ]),
    checks: [
      {
        what: "calls that reach a backend that hangs, with `slowCall`",
        aim: `≤ ${MOST}`,
        found: `${thousands(found[SLOW].most)} (without it ${thousands(found[WITHOUT].most)})`,
        met: found[SLOW].most <= MOST && found[WITHOUT].most > 2 * MOST - 100,
      },
      {
        what: `${thousands(hours)} healthy hours of a fleet: the circuit trips`,
        aim: "never",
        found: `${healthy.trips} times`,
        met: healthy.trips === 0,
      },
      {
        what: "the same fleet when the backend hangs: processes that trip",
        aim: "all, in each stretch",
        found: `${sick.votes} of ${sick.stretches}`,
        met: sick.votes === sick.stretches && sick.trips === 1,
      },
    ],
    plots: [
      {
        file: "hang-timeline",
        alt: "What happens when a backend hangs, with slowCall and without",
        svg: timeline({
          title: "A backend begins to hang, and 100 processes call it 1 000 times a second",
          x: { label: "ms since it began to hang", from: 0, to: 1_400 },
          lanes: [
            laneOf('slowCall: "200ms", quorum: 3', found[SLOW], true),
            laneOf("time-outs of 1 s alone, quorum: 3", found[WITHOUT], false),
          ],
        }),
      },
      {
        file: "hang",
        alt: "Calls that reached the hanging backend, over time",
        svg: lines({
          title: "Calls that reached a hanging backend, of 1 000 a second",
          x: { label: "seconds since it began to hang", from: 0, to: 3 },
          y: { label: "calls so far", from: 0, to: 1_200 },
          series: [
            { name: 'slowCall: "200ms"', points: soFar(found[SLOW].byTenth) },
            { name: "time-outs of 1 s alone", points: soFar(found[WITHOUT].byTenth) },
          ],
          dots: false,
        }),
      },
    ],
    after: [
      "The healthy hours have everything that makes calls slow in ordinary operation:",
      "",
      `- a log-normal latency: a median of ${HEALTH.medianMs} ms, and 99.9 % under ${HEALTH.p999Ms} ms;`,
      `- event loops that are blocked ${HEALTH.pausesAnHour} times an hour, for 20 ms to a second;`,
      "- one caller of the 100 that is always slow, and always votes;",
      `- a restart of every process once an hour: its first calls then wait up to ${HEALTH.connectMs[1]} ms for a connection.`,
      "",
      "The circuit has `consecutive: 5` beside `slowCall`, as guards of clients do.",
      "",
      "One by one, these hours would have 36 thousand million calls. So only the stretches in which a call could count as slow are drawn,",
      `${thousands(healthy.stretches)} of them, and the shipped rule runs on the ${thousands(healthy.run)} that have three slow calls or more. In them ${thousands(healthy.votes)} processes`,
      `voted. Without \`consecutive\` a single time-out is also a vote (\`threshold: 1\`): there were ${thousands(healthy.timeouts)} of them, and together with the vote of`,
      `the slow caller they would have tripped the circuit ${healthy.tripsByTimeouts} times.`,
    ],
  };
}

function laneOf(name, { openAfterMs, mean }, slow) {
  return {
    name,
    spans: [
      { from: 0, to: openAfterMs, letter: "b", name: `${thousands(mean)} calls go out and wait` },
      { from: openAfterMs, to: 1_400, letter: "c", name: "all fail fast" },
    ],
    moments: slow
      ? [
          { at: 200, name: "200 ms: the first calls are slow" },
          { at: 400, name: "400 ms: hosts with three slow calls and no success vote" },
        ]
      : [{ at: 1_000, name: "1 000 ms: the first time-outs, and votes", anchor: "end" }],
  };
}

function soFar(byTenth) {
  let sum = 0;
  return byTenth.slice(0, 30).map((calls, tenth) => {
    sum += calls;
    return [(tenth + 1) / 10, sum];
  });
}
