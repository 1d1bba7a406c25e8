import type { CircuitState } from "../events/circuit-state.js";

/** The whole fleet at one moment: plain data. All times are ms since the epoch, by the store's clock where it has one. */
export interface FleetView {
  readonly at: number;
  /** How the store answers this observer. */
  readonly store: {
    readonly up: boolean;
    /** Since when that is so. */
    readonly since: number;
    /** How long its last answer took. */
    readonly latencyMs: number | undefined;
    readonly error?: string;
  };
  /** Whether a store has a place for what processes report: without one, circuits that never opened are not seen. */
  readonly reports: boolean;
  /** In the order of their names. */
  readonly circuits: readonly CircuitOfFleet[];
  readonly processes: readonly ProcessOfFleet[];
}

/** One circuit, by the store's records and by what processes report. */
export interface CircuitOfFleet {
  /** Where it is too long for a key: its beginning, an ellipsis and 8 digits that tell it apart. */
  readonly name: string;
  readonly state: CircuitState;
  /** Set while an operator holds it. */
  readonly held: "open" | "closed" | undefined;
  /** When this state, or the hold, began; `undefined` where it never opened. */
  readonly since: number | undefined;
  /** When it ends by itself; `undefined` where it doesn't, and where it is closed. */
  readonly until: number | undefined;
  readonly reason: string | undefined;
  readonly by: string | undefined;
  /** How many probes in a row have failed. */
  readonly reopens: number;
  /** The hosts that would open it, fewer than it takes. */
  readonly votes: readonly { readonly host: string; readonly until: number }[];
  /**
   * Sums over the live processes since each began: take differences. `calls` are those that were made, rejected ones
   * not among them: exact where there are few, else estimated from samples. `undefined` where nobody counts them: no
   * process reports the circuit.
   */
  readonly totals: {
    readonly calls: number | undefined;
    readonly failures: number | undefined;
    readonly rejections: number | undefined;
    readonly slow: number | undefined;
  };
  /** `undefined` where nobody counts them. */
  readonly inFlight: number | undefined;
  /** Of sampled calls: the mean of the processes' medians, and the highest of their 99th percentiles. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | undefined;
  /** As most processes have it, by the names of the options; without those that are off. */
  readonly settings: Readonly<Record<string, string>>;
  /** The options that not all processes have alike. */
  readonly differing: readonly string[];
  readonly processes: readonly CircuitInProcess[];
}

/** One circuit as one process reports it. */
export interface CircuitInProcess {
  readonly id: string;
  readonly state: string;
  /** Why it is to be looked at: it sees the circuit in another way, has other settings, or is an older version. */
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
  /** Its report has fewer circuits than the process. */
  readonly truncated: boolean;
}
