import type { JSX } from "preact";
import { STEP_MS } from "../history.js";
import { Chart } from "./chart.jsx";
import { count, percent, plural, rate } from "./format.js";
import { begun, frame, history, processes } from "./live-state.js";
import { Mosaic } from "./mosaic.jsx";
import { counts } from "./view-state.js";

/** What to see from across the room. */
export function Summary(): JSX.Element {
  const { all, open, held } = counts.value;
  const half = counts.value["half-open"];
  const calm = open + half === 0;
  return (
    <section class="summary" aria-label="Summary">
      <div class="figure">
        <p class={`big ${calm ? "calm" : "alarm"}`}>
          {begun.value ? (calm ? "All closed" : count(open || half)) : "…"}
        </p>
        <h1>
          {calm ? plural(all, "circuit") : `of ${plural(all, "circuit")} ${open > 0 ? "open" : "half-open"}`}
        </h1>
        <p class="dim">
          {open > 0 && half > 0 ? `${count(half)} half-open. ` : ""}
          {held > 0 ? `${count(held)} held by an operator. ` : ""}
          <Rates />
        </p>
      </div>
      <div class="traffic-of-all">
        <Chart of="traffic" series={() => history.sum()} height={168} />
        <Legend />
      </div>
      <Mosaic />
    </section>
  );
}

function Rates(): JSX.Element {
  frame.value;
  const { calls, failures, rejections } = history.sum();
  const last = (counted: readonly number[]): number => counted.slice(-6).reduce((all, each) => all + each, 0);
  const [made, failed, rejected] = [last(calls), last(failures), last(rejections)];
  const seconds = (6 * STEP_MS) / 1_000;
  return (
    <>
      {plural(processes.size, "process", "processes")} on{" "}
      {plural(new Set([...processes.values()].map(({ host }) => host)).size, "host")},{" "}
      {rate((made + rejected) / seconds)} calls a second
      {failed > 0 ? `, ${percent(failed, made)} failing` : ""}
      {rejected > 0 ? `, ${percent(rejected, made + rejected)} rejected` : ""}.
    </>
  );
}

export function Legend(): JSX.Element {
  return (
    <p class="legend dim">
      <span class="key served" /> served <span class="key failed" /> failed <span class="key rejected" />{" "}
      rejected, a second
    </p>
  );
}
