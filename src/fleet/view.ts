import type { CircuitState } from "../events/circuit-state.js";

/** The whole fleet at one moment: plain data. All times are ms since the epoch, by the store's clock if it has one. */
export interface FleetView {
  readonly at: number;
  /** How the store answers this observer. */
  readonly store: {
    readonly up: boolean;
    /** Since when that has been so. */
    readonly since: number;
    /** How long its last answer took. */
    readonly latencyMs: number | undefined;
    readonly error?: string;
  };
  /** Whether a store has a place for reports of processes. Without one, circuits that never opened are not seen. */
  readonly reports: boolean;
  /** Sorted by name. */
  readonly circuits: readonly CircuitOfFleet[];
  readonly processes: readonly ProcessOfFleet[];
}

/** One circuit, from the store's records and the reports of processes. */
export interface CircuitOfFleet {
  /** A name too long for a key is cut: its beginning, an ellipsis and 8 digits that identify it. */
  readonly name: string;
  readonly state: CircuitState;
  /** Set while an operator holds it. */
  readonly held: "open" | "closed" | undefined;
  /** When this state, or the hold, began; `undefined` if it never opened. */
  readonly since: number | undefined;
  /** When it ends by itself; `undefined` if it doesn't, or if the circuit is closed. */
  readonly until: number | undefined;
  readonly reason: string | undefined;
  readonly by: string | undefined;
  /** How many probes in a row have failed. */
  readonly reopens: number;
  /** The hosts that voted to open it, fewer than the quorum. */
  readonly votes: readonly { readonly host: string; readonly until: number }[];
  /**
   * Sums over the live processes since each began; take differences. `calls` are those that were made, without the
   * rejected ones: exact if there are few, otherwise estimated from samples. `undefined` if nobody counts them: no
   * process reports the circuit.
   */
  readonly totals: {
    readonly calls: number | undefined;
    readonly failures: number | undefined;
    readonly rejections: number | undefined;
    readonly slow: number | undefined;
  };
  /** `undefined` if nobody counts them. */
  readonly inFlight: number | undefined;
  /** From sampled calls: the mean of the processes' medians, and the highest of their 99th percentiles. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | undefined;
  /** The settings that most processes have, by option; without those that are off. */
  readonly settings: Readonly<Record<string, string>>;
  /** The options that are not the same in all processes. */
  readonly differing: readonly string[];
  readonly processes: readonly CircuitInProcess[];
}

/** One circuit as one process reports it. */
export interface CircuitInProcess {
  readonly id: string;
  readonly state: string;
  /**
   * Why an operator should look at it: it sees the circuit in another state, has other settings, or is an older
   * version.
   */
  readonly disagrees: string | undefined;
}

/** A process that reports. */
export interface ProcessOfFleet {
  readonly id: string;
  readonly host: string;
  readonly pid: number | undefined;
  readonly service: string | undefined;
  readonly version: string;
  /** When it made its first call. */
  readonly startedAt: number;
  /** When it last reported. */
  readonly seenAt: number;
  /** How many circuits it has. */
  readonly circuits: number;
  readonly storeUp: boolean;
  /** Its report lists fewer circuits than the process has. */
  readonly truncated: boolean;
}
