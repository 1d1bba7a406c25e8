import { atRest, CIRCUITS, inAnOutage, KINDS, underLoad } from "../operations.mjs";
import { lines } from "../plot.mjs";
import { thousands } from "./words.mjs";

const figure = (value) => (value < 10 ? value.toFixed(2) : thousands(value));

/** By fleet size: measured figures, and beyond them extrapolated ones. */
async function bySize(kind, sizes) {
  const run = [];
  const beyond = [];
  for (const size of sizes) {
    const found = beyond.length > 0 ? undefined : await atRest(kind, size);
    if (found !== undefined) run.push({ size, ...found });
    else {
      const last = run.at(-1);
      const share = size / last.size;
      beyond.push({ size, operations: last.operations * share, bytes: last.bytes * share });
    }
  }
  return { kind, run, beyond };
}

export async function operationsStudy(quick) {
  const sizes = quick ? [1, 10, 100] : [1, 10, 100, 1_000, 10_000];
  const rates = quick ? [1, 100, 1_000] : [1, 10, 100, 1_000, 10_000];
  const rest = [];
  for (const kind of Object.keys(KINDS)) rest.push(await bySize(kind, sizes));
  const load = [];
  for (const rate of rates) load.push({ rate, ...(await underLoad(rate)) });
  const outages = [];
  for (const size of sizes) outages.push({ size, ...(await inAnOutage("list and push", size)) });

  const [pushed] = rest;
  const ofOne = pushed.run[0].operations;
  const last = pushed.run.at(-1);
  const idle = new Set(load.flatMap(({ served, rejected }) => [served.operations, rejected.operations]));
  const written = outages.map(({ granted }) => granted);
  const points = (what, { run, beyond }) => ({
    points: run.map((each) => [each.size, each[what]]),
    beyond: beyond.map((each) => [each.size, each[what]]),
  });
  const plotted = (what) => rest.map((each) => ({ name: each.kind, ...points(what, each) }));
  const biggest = sizes.at(-1);
  return {
    title: "The load on the store",
    before: [
      `Each process has ${CIRCUITS} circuits, and nothing happens. There are three kinds of store: with push and list (${KINDS["list and push"].stores}),`,
      `with list only (${KINDS["list, no push"].stores}), and with reads of single keys only (${KINDS["single reads"].stores}). Bytes are those`,
      "of keys and values; the protocol of each client adds more. Figures in parentheses, and dashed lines with hollow points, were not run:",
      "they are extrapolated in proportion from the largest fleet that was.",
    ],
    columns: [
      "processes",
      ...rest.map(({ kind }) => `${kind}: operations/s`),
      ...rest.map(({ kind }) => `${kind}: bytes/s`),
    ],
    rows: sizes.map((size) => {
      const of = ({ run, beyond }, what) => {
        const ran = run.find((each) => each.size === size);
        return ran ? figure(ran[what]) : `(${figure(beyond.find((each) => each.size === size)[what])})`;
      };
      return [
        thousands(size),
        ...rest.map((each) => of(each, "operations")),
        ...rest.map((each) => of(each, "bytes")),
      ];
    }),
    checks: [
      {
        what: `store operations a second of 4 processes, at ${rates.join(", ")} calls a second each, all served or all rejected`,
        aim: "at most 0.4, three polls of each in 30 s: calls cost none",
        found: [...idle].map((each) => each.toFixed(3)).join(", "),
        met: Math.max(...idle) <= 0.4,
      },
      {
        what: `store operations a second for each process, in a fleet of 1 and of ${thousands(last.size)}, with push`,
        aim: "one in 12 to 18 s: a poll",
        found: `${ofOne.toFixed(3)}, ${(last.operations / last.size).toFixed(3)}`,
        met: [ofOne, last.operations / last.size].every(
          (each) => each >= 1 / 18 - 0.01 && each <= 1 / 12 + 0.01,
        ),
      },
      {
        what: `records written in an outage of 60 s, in fleets of ${sizes.map(thousands).join(", ")}`,
        aim: "at most 2 apart: a fleet writes like one process",
        found: written.join(", "),
        met: Math.max(...written) - Math.min(...written) <= 2,
      },
      {
        what: `swaps requested in that outage by ${thousands(outages.at(-1).size)} processes`,
        aim: "≤ 20, plus 5 for each 100 processes",
        found: thousands(outages.at(-1).swap),
        met: outages.at(-1).swap <= 20 + outages.at(-1).size / 20,
      },
    ],
    plots: [
      {
        file: "operations",
        alt: "Store operations a second at rest, by fleet size",
        svg: lines({
          title: `Store operations a second at rest, ${CIRCUITS} circuits in each process`,
          x: { label: "processes", from: 1, to: biggest, log: true },
          y: {
            label: "operations a second",
            from: 0.01,
            to: 1_000_000,
            log: true,
            ticks: [0.01, 0.1, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000],
          },
          series: plotted("operations"),
        }),
      },
      {
        file: "bytes",
        alt: "Bytes a second at rest, by fleet size",
        svg: lines({
          title: `Bytes a second at rest, ${CIRCUITS} circuits in each process`,
          x: { label: "processes", from: 1, to: biggest, log: true },
          y: { label: "bytes a second", from: 100, to: 100_000_000, log: true },
          series: plotted("bytes"),
        }),
      },
      {
        file: "calls",
        alt: "Store operations a second by the rate of calls",
        svg: lines({
          title: "Store operations a second by the rate of calls, 4 processes",
          x: { label: "calls a second in each process", from: 1, to: rates.at(-1), log: true },
          y: { label: "operations a second", from: 0.1, to: 100_000, log: true },
          series: [
            { name: "failfast", points: load.map(({ rate, served }) => [rate, served.operations]) },
            {
              name: "one read and one write at each call (computed)",
              points: [],
              beyond: rates.map((rate) => [rate, 8 * rate]),
            },
          ],
        }),
      },
    ],
    after: [
      "In one outage of 60 s, with an open time of 10 s, when each process calls once a second:",
      "",
      "| processes | swaps requested | granted | pushes | calls that reached the backend |",
      "|---:|---:|---:|---:|---:|",
      ...outages.map(
        ({ size, swap, granted, push, reached }) =>
          `| ${[size, swap, granted, push, reached].map(thousands).join(" | ")} |`,
      ),
      "",
      "The number of pushes grows with the fleet, because the store delivers each write to every process. The number of swaps grows",
      "little: only processes whose calls fail within one round trip of the first failure ask for one.",
    ],
  };
}
