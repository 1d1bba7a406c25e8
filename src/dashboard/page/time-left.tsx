import type { JSX } from "preact";
import type { CircuitOfFleet } from "../../fleet/view.js";
import { duration } from "./format.js";
import { now } from "./live-state.js";
import { statusOf } from "./status.js";

/** How long it stays as it is, counted down. */
export function TimeLeft({ circuit }: { circuit: CircuitOfFleet }): JSX.Element | null {
  const status = statusOf(circuit);
  const { since, until } = circuit;
  if (status === "closed") return null;
  if (until === undefined) return <span class="left">{circuit.held ? "until released" : "no end"}</span>;
  const left = until - now.value;
  if (left <= 0) return <span class="left">{circuit.held ? "ending" : "the next call probes"}</span>;
  const share = since === undefined || until <= since ? 1 : Math.min(1, left / (until - since));
  return (
    <span class="left">
      {duration(left)} left
      <span class="bar" aria-hidden="true">
        <span style={{ transform: `scaleX(${share})` }} />
      </span>
    </span>
  );
}
