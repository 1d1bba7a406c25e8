import type { JSX } from "preact";
import type { CircuitOfFleet } from "../../fleet/view.js";
import { STEP_MS } from "../history.js";
import { milliseconds, percent, plural, rate } from "./format.js";
import { StatusIcon, WarnIcon } from "./icons.jsx";
import { frame, history } from "./live-state.js";
import { Foreign } from "./name.jsx";
import { disagreements, nameOfStatus, statusOf } from "./status.js";
import { Strip } from "./strip.jsx";
import { TimeLeft } from "./time-left.jsx";
import { current, selected } from "./view-state.js";

/** So many of the newest steps say how many calls a second there are. */
const LATELY = 6;

export function CircuitRow({
  circuit,
  isCurrent,
}: {
  circuit: CircuitOfFleet;
  isCurrent: boolean;
}): JSX.Element {
  const { name, reason, votes, latencyMs, processes } = circuit;
  const status = statusOf(circuit);
  const odd = disagreements(circuit);
  return (
    <>
      <span role="cell" class="state">
        <StatusIcon status={status} />
        {nameOfStatus[status]}
      </span>
      <span role="cell" class="what">
        <button
          type="button"
          class="name"
          tabIndex={isCurrent ? 0 : -1}
          data-name={name}
          onFocus={() => {
            current.value = name;
          }}
          onClick={() => {
            selected.value = name;
          }}
        >
          <Foreign text={name} />
        </button>
        {status !== "closed" && reason !== undefined ? (
          <span class="reason">
            <Foreign text={reason} />
          </span>
        ) : null}
        {votes.length > 0 ? (
          <span class="reason">{plural(votes.length, "host")} voted to open it</span>
        ) : null}
      </span>
      <span role="cell" class="time">
        <TimeLeft circuit={circuit} />
      </span>
      <span role="cell" class="live">
        <Strip name={name} />
      </span>
      <Traffic name={name} />
      <span role="cell" class="number">
        {latencyMs === undefined ? <span class="dim">–</span> : milliseconds(latencyMs.p99)}
      </span>
      <span role="cell" class="number">
        {odd > 0 ? (
          <span class="odd">
            <WarnIcon />
            {odd} of {processes.length}
            <span class="unseen"> see it differently</span>
          </span>
        ) : (
          processes.length || <span class="dim">–</span>
        )}
      </span>
    </>
  );
}

function Traffic({ name }: { name: string }): JSX.Element {
  frame.value;
  const { calls, failed, rejected, seconds } = lately(name);
  return (
    <span role="cell" class="number traffic">
      {calls + rejected === 0 ? <span class="dim">–</span> : `${rate((calls + rejected) / seconds)} /s`}
      {failed > 0 ? <span class="failing">{percent(failed, calls)} fail</span> : null}
      {rejected > 0 ? <span class="rejecting">{percent(rejected, calls + rejected)} rejected</span> : null}
    </span>
  );
}

/** What was counted in the last half minute. */
export function lately(name: string): { calls: number; failed: number; rejected: number; seconds: number } {
  const series = history.of(name);
  const sum = (counts: readonly number[] = []): number =>
    counts.slice(-LATELY).reduce((all, each) => all + each, 0);
  return {
    calls: sum(series?.calls),
    failed: sum(series?.failures),
    rejected: sum(series?.rejections),
    seconds: (LATELY * STEP_MS) / 1_000,
  };
}
