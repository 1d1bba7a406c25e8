import type {
  Failfast,
  FailfastEventName,
  FailfastEvents,
  FailfastListener,
  Subscription,
} from "../index.js";
import type { TimedStore } from "./timed-store.js";
import { effective, type MetricState, Transitions } from "./transitions.js";

/** How metrics distinguish circuits. */
export interface MetricsOptions {
  /**
   * The label of a circuit. Circuits with one label are counted together, for example `(name) => name.split(":")[0]`
   * for circuits named by arguments. Default: the circuit's name, cut after 128 characters.
   */
  readonly label?: (circuit: string) => string;
  /** The largest number of labels. All further circuits are counted as `other`. Default: 100. */
  readonly maxLabels?: number;
  /** A store whose operations are reported too. Default: none. */
  readonly store?: TimedStore;
}

export type Outcome = "success" | "failure" | "rejected";

/** What was counted for one label. */
export interface Series {
  readonly label: string;
  /** Its circuits are in `mode: "shadow"` and reject no call, by the last event of one of them. */
  shadow: boolean;
  readonly calls: Record<Outcome, number>;
  /** By `from`, `to` and whether this process found it out. */
  readonly transitions: Map<string, Transition>;
}

export interface Transition {
  readonly from: MetricState;
  readonly to: MetricState;
  readonly local: boolean;
  count: number;
}

const OTHER = "other";
const LONGEST_LABEL = 128;
const TRIPPED = "closed open true";

/** Counts what the circuits of a `failfast` do, label by label, for exporters. */
export class Tally {
  readonly #failfast: Pick<Failfast, "on" | "circuits">;
  readonly #label: ((circuit: string) => string) | undefined;
  readonly #most: number;
  readonly #series = new Map<string, Series>();
  readonly #subscriptions: Subscription[] = [];
  readonly #transitions = new Transitions();
  /** Gets every call with a known duration, in seconds. */
  timed: ((series: Series, seconds: number) => void) | undefined;
  /** A store doesn't answer, or breaks the protocol. */
  degraded = false;

  /** @throws {RangeError} an invalid limit. */
  constructor(failfast: Pick<Failfast, "on" | "circuits">, options: MetricsOptions) {
    const { label, maxLabels = 100 } = options;
    if (!Number.isSafeInteger(maxLabels) || maxLabels < 1)
      throw new RangeError(`maxLabels is ${String(maxLabels)}: it takes a whole number from 1 up`);
    this.#failfast = failfast;
    this.#label = label;
    this.#most = maxLabels;
    for (const { name } of failfast.circuits()) this.of(name);
    this.#on("success", (event) => this.#called(event, "success"));
    this.#on("failure", (event) => this.#called(event, "failure"));
    this.#on("reject", (event) => this.#seriesOf(event).calls.rejected++);
    for (const name of ["open", "half-open", "close", "hold", "release"] as const)
      this.#on(name, (event) => this.#changed(event));
    this.#on("store-down", () => {
      this.degraded = true;
    });
    this.#on("store-up", () => {
      this.degraded = false;
    });
  }

  /** The series that counts a circuit, made when it is first seen, while there is room. */
  of(circuit: string): Series {
    const label = this.#label === undefined ? circuit : String(this.#label(circuit));
    const cut = label.length > LONGEST_LABEL ? `${label.slice(0, LONGEST_LABEL - 1)}…` : label;
    const known = this.#series.get(cut);
    if (known !== undefined) return known;
    return this.#series.size < this.#most ? this.#make(cut) : (this.#series.get(OTHER) ?? this.#make(OTHER));
  }

  /** Every series, including those of circuits that nobody has called yet. */
  all(): IterableIterator<Series> {
    for (const { name } of this.#failfast.circuits()) this.of(name);
    return this.#series.values();
  }

  /** The states in which each label's circuits are now; several circuits may be in several states. */
  states(): Map<Series, Set<MetricState>> {
    const states = new Map<Series, Set<MetricState>>();
    for (const circuit of this.#failfast.circuits()) {
      const { name, state, held, shadow } = circuit.snapshot();
      const series = this.of(name);
      series.shadow = shadow;
      const found = states.get(series) ?? new Set();
      states.set(series, found.add(effective(state, held)));
    }
    return states;
  }

  /** How many calls each label has in flight, and the age of the oldest, in seconds. */
  inFlight(): Map<Series, { calls: number; oldest: number }> {
    const found = new Map<Series, { calls: number; oldest: number }>();
    for (const circuit of this.#failfast.circuits()) {
      const { inFlight = 0, oldestCallMs = 0 } = circuit.snapshot();
      const series = this.of(circuit.name);
      const { calls, oldest } = found.get(series) ?? { calls: 0, oldest: 0 };
      found.set(series, { calls: calls + inFlight, oldest: Math.max(oldest, oldestCallMs / 1_000) });
    }
    return found;
  }

  end(): void {
    for (const subscription of this.#subscriptions.splice(0)) subscription.dispose();
  }

  #on<E extends FailfastEventName>(event: E, listener: FailfastListener<E>): void {
    this.#subscriptions.push(this.#failfast.on(event, listener));
  }

  #make(label: string): Series {
    const series: Series = {
      label,
      shadow: false,
      calls: { success: 0, failure: 0, rejected: 0 },
      // Rates can't see a counter's first value, so each starts at 0.
      transitions: new Map([[TRIPPED, { from: "closed", to: "open", local: true, count: 0 }]]),
    };
    this.#series.set(label, series);
    return series;
  }

  #seriesOf({ circuit, shadow }: { readonly circuit: string; readonly shadow?: true }): Series {
    const series = this.of(circuit);
    series.shadow = shadow === true;
    return series;
  }

  #called(event: FailfastEvents["success" | "failure"], outcome: Outcome): void {
    const series = this.#seriesOf(event);
    const { durationMs } = event;
    series.calls[outcome]++;
    if (durationMs !== undefined) this.timed?.(series, durationMs / 1_000);
  }

  #changed(event: Parameters<Transitions["step"]>[0]): void {
    const { from, to } = this.#transitions.step(event);
    const { transitions } = this.#seriesOf(event);
    const key = `${from} ${to} ${event.local}`;
    const transition = transitions.get(key) ?? { from, to, local: event.local, count: 0 };
    transition.count++;
    transitions.set(key, transition);
  }
}
