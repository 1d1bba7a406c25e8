import type { CircuitOfFleet } from "../../fleet/view.js";

/** The state that calls meet; an operator's hold comes first. */
export type Status = "open" | "half-open" | "held-open" | "held-closed" | "closed";

export const nameOfStatus: Readonly<Record<Status, string>> = {
  "held-open": "Held open",
  open: "Open",
  "half-open": "Half-open",
  "held-closed": "Held closed",
  closed: "Closed",
};

export function statusOf({ state, held }: CircuitOfFleet): Status {
  return held === undefined ? state : held === "open" ? "held-open" : "held-closed";
}

/** Why somebody should look at its processes. */
export const disagreements = ({ processes }: CircuitOfFleet): number =>
  processes.reduce((count, { disagrees }) => count + (disagrees === undefined ? 0 : 1), 0);
