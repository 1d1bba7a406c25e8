import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Series, STEPS } from "../history.js";
import { count } from "./format.js";
import { frame, history } from "./live-state.js";
import { paintNow, prepared, stripes } from "./paint.js";
import { dark } from "./view-state.js";

const WIDTH = 180;
const HEIGHT = 30;
const BAR = WIDTH / STEPS;

/** The last five minutes of one circuit: calls upwards, those that failed at their foot, rejections striped on top. */
export function Strip({ name }: { name: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawnAt = frame.value;
  const isDark = dark.value;
  const series = history.of(name);
  useEffect(() => {
    if (canvas.current !== null) draw(canvas.current, series);
  }, [drawnAt, isDark, name]);
  return <canvas ref={canvas} class="strip" role="img" aria-label={inWords(series)} />;
}

export function inWords(series: Series | undefined): string {
  if (series === undefined) return "No calls in the last five minutes";
  const sum = (counts: readonly number[]): number => counts.reduce((all, each) => all + each, 0);
  const { calls, failures, rejections } = series;
  return `In the last five minutes: ${count(sum(calls))} calls, ${count(sum(failures))} failed, ${count(sum(rejections))} rejected`;
}

function draw(canvas: HTMLCanvasElement, series: Series | undefined): void {
  const context = prepared(canvas, WIDTH, HEIGHT);
  if (context === null) return;
  const paint = paintNow();
  context.fillStyle = paint.line;
  context.fillRect(0, HEIGHT - 1, WIDTH, 1);
  if (series === undefined) return;
  const { calls, failures, rejections } = series;
  const highest = calls.reduce((most, each, at) => Math.max(most, each + (rejections[at] ?? 0)), 1);
  const striped = stripes(context, paint.rejected);
  for (let at = 0; at < STEPS; at++) {
    const [made, failed, rejected] = [calls[at] ?? 0, failures[at] ?? 0, rejections[at] ?? 0];
    let foot = HEIGHT - 1;
    const bar = (much: number, fill: string | CanvasPattern): void => {
      if (much <= 0) return;
      const tall = Math.max(1, (much / highest) * (HEIGHT - 2));
      context.fillStyle = fill;
      context.fillRect(at * BAR, foot - tall, BAR - 0.8, tall);
      foot -= tall;
    };
    bar(Math.min(failed, made), paint.failed);
    bar(made - failed, paint.served);
    bar(rejected, striped);
  }
}
