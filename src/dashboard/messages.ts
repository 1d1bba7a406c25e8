import type { CircuitOfFleet, FleetView, ProcessOfFleet } from "../fleet/view.js";
import type { SavedHistory } from "./history.js";

/** The first message of every stream, and the answer to `/hello`: what this viewer may do, and which version sends it. */
export interface Hello {
  /** Whether this viewer may act. */
  readonly may: boolean;
  /** The version of the package that serves the page. */
  readonly version: string;
}

/** The whole state, for a page that has just opened or was away for too long. */
export interface Snapshot extends FleetView {
  readonly history: SavedHistory;
}

/** The differences from the message before. */
export interface Change {
  readonly at: number;
  readonly reports: boolean;
  readonly store: FleetView["store"];
  readonly circuits: readonly CircuitOfFleet[];
  /** Names of circuits that no longer exist. */
  readonly goneCircuits: readonly string[];
  readonly processes: readonly ProcessOfFleet[];
  /** Ids of processes that have ended. */
  readonly goneProcesses: readonly string[];
}

/** If nothing changes, the server sends a beat this often, so that the page can tell a lost connection from calm. */
export const BEAT_MS = 5_000;

export type Verb = "trip" | "reset" | "hold" | "release";

/** What an operator asks for. */
export interface Action {
  readonly verb: Verb;
  readonly circuit: string;
  /** More circuits for the same action, at most 199. */
  readonly others?: readonly string[];
  readonly reason: string;
  /** Only for `hold`. */
  readonly holds?: "open" | "closed";
  /** In ms, at most a day. If left out: a circuit's own time, or until it is released. */
  readonly forMs?: number;
}

/** The result of an action, or the reason why it was not done. */
export interface ActionAnswer {
  readonly stored?: boolean;
  readonly error?: string;
}

/** A header that a page of another origin can't send without permission. */
export const ACTION_HEADER = "x-failfast-action";
export const LONGEST_REASON = 500;
/** One action changes at most this many circuits. */
export const MOST_CIRCUITS = 200;
export const LONGEST_FOR_MS = 86_400_000;
