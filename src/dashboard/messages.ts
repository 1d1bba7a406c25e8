import type { CircuitOfFleet, FleetView, ProcessOfFleet } from "../fleet/view.js";
import type { SavedHistory } from "./history.js";

/** The first message of every stream: what this viewer may do, and whose words these are. */
export interface Hello {
  /** Whether the actions are open to this viewer. */
  readonly may: boolean;
  /** The version of the package that serves the page. */
  readonly version: string;
}

/** All there is, for a page that has just opened or was away for too long. */
export interface Snapshot extends FleetView {
  readonly history: SavedHistory;
}

/** What differs from the message before. */
export interface Change {
  readonly at: number;
  readonly reports: boolean;
  readonly store: FleetView["store"];
  readonly circuits: readonly CircuitOfFleet[];
  /** Names of circuits that nobody knows any more. */
  readonly goneCircuits: readonly string[];
  readonly processes: readonly ProcessOfFleet[];
  /** Ids of processes that have ended. */
  readonly goneProcesses: readonly string[];
}

/** With nothing new, the server sends a beat so often, so that the page can tell silence from calm. */
export const BEAT_MS = 5_000;

export type Verb = "trip" | "reset" | "hold" | "release";

/** What an operator asks for. */
export interface Action {
  readonly verb: Verb;
  readonly circuit: string;
  /** More circuits that are meant, at most 199. */
  readonly others?: readonly string[];
  readonly reason: string;
  /** `hold` alone takes it. */
  readonly holds?: "open" | "closed";
  /** In ms, at most a day; left out: a circuit's own time, or until it is released. */
  readonly forMs?: number;
}

/** What became of it, or why not. */
export interface ActionAnswer {
  readonly stored?: boolean;
  readonly error?: string;
}

/** A header that a page of another origin can't send unasked. */
export const ACTION_HEADER = "x-failfast-action";
export const LONGEST_REASON = 500;
/** One action is about so many circuits at most. */
export const MOST_CIRCUITS = 200;
export const LONGEST_FOR_MS = 86_400_000;
