import type { CircuitState, FailfastEvents } from "../index.js";

/** The states as written in metrics. An operator's holds are states of their own. */
export const STATES = ["closed", "open", "half_open", "held_open", "held_closed"] as const;
export type MetricState = (typeof STATES)[number];

type Event = FailfastEvents["open" | "half-open" | "close" | "hold" | "release"];
interface Status {
  readonly state: CircuitState;
  readonly held: "open" | "closed" | undefined;
}

const CLOSED: Status = { state: "closed", held: undefined };
/** At most this many circuits that are not simply closed are remembered. */
const MOST = 10_000;

/** A circuit's state as written in metrics. */
export function effective(state: CircuitState, held: "open" | "closed" | undefined): MetricState {
  if (held !== undefined) return `held_${held}`;
  return state === "half-open" ? "half_open" : state;
}

/** Events contain a circuit's new state; this remembers the old one. */
export class Transitions {
  readonly #statuses = new Map<string, Status>();

  step(event: Event): { from: MetricState; to: MetricState } {
    const { circuit } = event;
    const was = this.#statuses.get(circuit) ?? CLOSED;
    const is = after(event, was);
    this.#statuses.delete(circuit);
    if (is.state !== "closed" || is.held !== undefined) {
      for (const oldest of this.#statuses.keys()) {
        if (this.#statuses.size < MOST) break;
        this.#statuses.delete(oldest);
      }
      this.#statuses.set(circuit, is);
    }
    return { from: effective(was.state, was.held), to: effective(is.state, is.held) };
  }
}

function after(event: Event, { state, held }: Status): Status {
  switch (event.type) {
    case "hold":
      return { state, held: event.held };
    case "release":
      return { state, held: undefined };
    case "close":
      return { state: "closed", held };
    default:
      return { state: event.type, held };
  }
}
