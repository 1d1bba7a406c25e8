import { leaseRace } from "../lease-race.mjs";
import { prism, REFERENCE } from "../prism.mjs";
import { mean } from "./words.mjs";

export async function prismStudy(quick) {
  const runs = quick ? 40 : 1_000;
  const found = [];
  for (const model of REFERENCE) found.push({ model, ...(await prism(model, runs)) });
  const off = (a, b) => Math.abs(a / b - 1);
  const worst = (distance) => Math.max(...found.flatMap(distance));
  const fromAutomaton = worst(({ automaton, library }) => [
    off(library.total, automaton.total),
    off(library.contention, automaton.contention),
  ]);
  const fromReference = worst(({ model, library }) => [
    off(library.total, model.total),
    off(library.contention, model.contention),
  ]);
  const percent = (share) => `${(share * 100).toFixed(2)} %`;
  return {
    title: "A formal model of the pattern",
    before: [
      "Mendonça and others (ICSA 2020) published a model of one client and one server, with and without a circuit breaker, for a model",
      "checker. Here the library runs in that model, next to the model's own automaton with the same random numbers. The table shows",
      `the total time, and the time in contention, until 100 requests were served (means of ${runs} runs). The reference is a separate`,
      "Monte-Carlo run of the published model, with n = 4 000.",
    ],
    columns: [
      "availability, open time",
      "total: library",
      "automaton",
      "reference",
      "contention: library",
      "automaton",
      "reference",
    ],
    rows: found.map(({ model, library, automaton }) => [
      `${model.availability}, ${model.open === undefined ? "no breaker" : `${model.open} s`}`,
      ...[library.total, automaton.total, model.total].map(Math.round),
      ...[library.contention, automaton.contention, model.contention].map(Math.round),
    ]),
    checks: [
      {
        what: "model: the library's distance from the automaton, at most",
        aim: "≤ 2 %",
        found: percent(fromAutomaton),
        met: fromAutomaton <= 0.02,
      },
      ...(quick
        ? []
        : [
            {
              what: "model: the library's distance from the reference, at most",
              aim: "≤ 2 %",
              found: percent(fromReference),
              met: fromReference <= 0.02,
            },
          ]),
    ],
    plots: [],
    after: [
      "The model trips at two failures *in a row*. The run does that by `exceptions`: only the second failure in a row counts. Where the",
      "library and the automaton differ, a call came less than a millisecond from the end of the open time: the library counts in",
      "whole milliseconds.",
    ],
  };
}

export async function raceStudy(quick) {
  const sizes = quick ? [10, 100] : [1, 10, 100, 1_000];
  const found = [];
  for (const size of sizes) {
    const all = [];
    for (let seed = 1; seed <= (quick || size > 100 ? 3 : 10); seed++) all.push(await leaseRace(size, seed));
    const of = (pick) => mean(all.map(pick));
    found.push({
      size,
      trip: of(({ trip }) => trip.swaps),
      tripped: of(({ trip }) => trip.granted),
      lease: of(({ lease }) => lease.swaps),
      probes: of(({ lease }) => lease.probes),
    });
  }
  const hundred = found.find(({ size }) => size === 100);
  return {
    title: "Many processes that write at once",
    before: [
      "The network is that of AWS's published simulation of jitter: a message takes 10 ms each way, with a deviation of 2 ms. This is the",
      "worst case: all processes fail at the same moment, and all call again at the moment when the open time is over. In the AWS simulation",
      "each of 100 writers needs its own write; together they took 2 418 attempts without a pause, and 795 with full jitter.",
    ],
    columns: ["processes", "swaps for a trip", "granted", "swaps for a lease and its outcome", "probes"],
    rows: found.map(({ size, trip, tripped, lease, probes }) => [size, trip, tripped, lease, probes]),
    checks: [
      {
        what: "race: swaps by 100 processes for one lease and its outcome",
        aim: "≤ 101: each process asks once",
        found: String(hundred.lease),
        met: hundred.lease <= 101,
      },
      {
        what: "race: swaps by 100 processes that fail at the same moment",
        aim: "≤ 200",
        found: String(hundred.trip),
        met: hundred.trip <= 200,
      },
      {
        what: "race: trips granted, and probes, for any number of processes",
        aim: "1 and 1",
        found: `${Math.max(...found.map(({ tripped }) => tripped))} and ${Math.max(...found.map(({ probes }) => probes))}`,
        met: found.every(({ tripped, probes }) => tripped === 1 && probes === 1),
      },
    ],
    plots: [],
    after: [
      "A process that loses the race learns the result from the answer, and doesn't try again. The first trip takes two swaps for each",
      "process, because in an empty store the first swap only asks for the store's clock.",
    ],
  };
}
