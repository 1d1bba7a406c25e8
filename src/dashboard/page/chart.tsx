import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type Series, STEP_MS, STEPS } from "../history.js";
import { milliseconds, rate } from "./format.js";
import { frame, now } from "./live-state.js";
import { paintNow, stripes } from "./paint.js";
import { inWords } from "./strip.jsx";
import { dark } from "./view-state.js";

const clockTime = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

export type ChartOf = "traffic" | "latency";

interface ChartProps {
  readonly of: ChartOf;
  /** Read at each frame. */
  readonly series: () => Series | undefined;
  readonly height: number;
}

/** Five minutes, with axes. */
export function Chart({ of, series, height }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const drawnAt = frame.value;
  const isDark = dark.value;
  const shown = series();
  useEffect(() => {
    const at = place.current;
    if (at === null) return;
    const made = new uPlot(settings(of, at.clientWidth, height), dataOf(of, series()), at);
    plot.current = made;
    const sized = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height }));
    sized.observe(at);
    return () => {
      sized.disconnect();
      made.destroy();
    };
  }, [isDark, of, height]);
  useEffect(() => plot.current?.setData(dataOf(of, series())), [drawnAt]);
  return (
    <div
      ref={place}
      class="chart"
      role="img"
      aria-label={of === "traffic" ? inWords(shown) : slowest(shown)}
    />
  );
}

function slowest(series: Series | undefined): string {
  const last = series?.p99.findLast((each) => each > 0);
  return last === undefined ? "No latency known" : `99 % of the calls took at most ${milliseconds(last)}`;
}

function dataOf(of: ChartOf, series: Series | undefined): uPlot.AlignedData {
  const last = Math.floor(now.peek() / STEP_MS) * (STEP_MS / 1_000);
  const times = Array.from({ length: STEPS }, (_, at) => last - (STEPS - 1 - at) * (STEP_MS / 1_000));
  const none = times.map(() => 0);
  if (of === "latency") return [times, (series?.p99 ?? none).map((each) => each || null)];
  const { calls = none, failures = none, rejections = none } = series ?? {};
  const inSecond = (counted: number): number => (counted * 1_000) / STEP_MS;
  // Drawn from the tallest to the shortest, each in front of the one before.
  return [
    times,
    calls.map((made, at) => inSecond(made + (rejections[at] ?? 0))),
    calls.map(inSecond),
    failures.map(inSecond),
  ];
}

function settings(of: ChartOf, width: number, height: number): uPlot.Options {
  const paint = paintNow();
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: paint.dim, font, ticks: { show: false }, grid: { stroke: paint.line, width: 1 } };
  /** A bar that stands on the series after it. */
  const bar = (fill: uPlot.Series["fill"]): uPlot.Series => {
    const seriesAt = ({ data }: uPlot, at: number): number[] =>
      Array.from(data[at] ?? data[0].map(() => 0), (each) => each ?? 0);
    const foot = { unit: 1, values: (plot: uPlot, at: number) => seriesAt(plot, at + 1) };
    const head = { unit: 1, values: seriesAt };
    const paths = uPlot.paths.bars?.({ size: [0.8], align: 1, disp: { y0: foot, y1: head } });
    return { fill: fill as string, width: 0, points: { show: false }, ...(paths && { paths }) };
  };
  const line = uPlot.paths.spline?.();
  const latency: uPlot.Series = {
    stroke: paint.ink,
    width: 1.5,
    points: { show: false },
    ...(line === undefined ? {} : { paths: line }),
  };
  const label = of === "traffic" ? rate : milliseconds;
  return {
    width,
    height,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, most) => [0, Math.max(of === "traffic" ? 1 : 10, most * 1.1)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        incrs: [60, 120, 300],
        space: 44,
        values: (_, at) => at.map((each) => clockTime.format(each * 1_000)),
      },
      { ...axis, size: 52, space: 34, values: (_, at) => at.map(label) },
    ],
    series: [
      {},
      ...(of === "latency"
        ? [latency]
        : [bar((plot) => stripes(plot.ctx, paint.rejected)), bar(paint.served), bar(paint.failed)]),
    ],
  };
}
