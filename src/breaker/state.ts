import type { CachedRecord as Cached, CircuitRecord, CircuitState, HoldRecord } from "../protocol/record.js";

/** The fleet's record, as this process has it: its deadline is on the local clock. */
export type CachedRecord = Cached<CircuitRecord>;

/** Who hears of an opening: the whole fleet, the fleet as this host's vote, or nobody. */
export type Visibility = "fleet" | "vote" | "here";

/**
 * What this process decided and the store has not granted yet. Calls here obey it at once; it is never merged into
 * the fleet's record, since only the store grants revisions.
 */
export type Decision = { readonly kind: "none" } | BasedDecision;

/**
 * `base` is the generation it was decided under. Once the fleet is at another generation the decision is void, except
 * for an opening made while the store could not be asked (`madeOffline`): that is proposed as a fresh trip. What a probe
 * found out when its lease may have been over is `provisional`: it is obeyed only once the store has it, since others may
 * have probed meanwhile.
 */
export type BasedDecision = { readonly provisional?: true | undefined } & (Opened | Released | Closed);

/** A failure, or an operator, opened the circuit. */
interface Opened {
  readonly kind: "opened";
  readonly base: number;
  readonly untilMs: number;
  readonly durationMs: number;
  readonly reason: string;
  readonly manual: boolean;
  readonly reopens: number;
  readonly madeOffline: boolean;
  readonly visibility: Visibility;
}

/** The probe ended and the circuit is still half-open: its lease goes back. */
interface Released {
  readonly kind: "released";
  readonly base: number;
  readonly passed: number;
}

/** The probes succeeded. `localOnly`: nothing is written, since nobody probes (`recovery: "all"`). */
interface Closed {
  readonly kind: "closed";
  readonly base: number;
  readonly reason: string;
  readonly localOnly: boolean;
}

/** The trial call of this process. */
export type Probe =
  | { readonly kind: "none" }
  /** A caller waits for its lease until then. */
  | { readonly kind: "waiting"; readonly untilMs: number }
  /** A call is under way. Until its lease ends no other call here may probe; what it finds out later is provisional. */
  | { readonly kind: "running"; readonly untilMs: number; readonly epoch: number };

/** What this process has seen since the circuit last opened, on the way back. */
export interface Recovery {
  /** A call was rejected because its lease did not come in time. No other call is, until the circuit opens again. */
  readonly unserved: boolean;
  /** Probes of this process, in a row, whose lease ended before they did. */
  readonly lapses: number;
  /** How often it opened again in a row, as far as this process decided it; closed: what a trip too soon goes on with. */
  readonly reopens: number;
  /** No probe here before: the last one met another circuit that is open until then. */
  readonly pausedUntilMs: number;
  /** The protected function calls its own circuit, where the runtime can't tell which calls come from the probe. */
  readonly nests: boolean;
}

/** An operator's hold that is in force; without an end `untilMs` is `Infinity`. */
export interface ActiveHold {
  readonly state: "open" | "closed";
  readonly untilMs: number;
  readonly record: HoldRecord;
}

/**
 * All that one circuit is in one process. Nothing else says how it stands; `standing.ts` reads it, `reduce.ts` alone
 * makes the next one. Times ending in `Ms` are on the local monotonic clock; the record's own are the store's.
 */
export interface State {
  readonly record: CachedRecord | undefined;
  readonly decision: Decision;
  readonly probe: Probe;
  readonly recovery: Recovery;
  /** Whether the fleet's opening is obeyed, or waits until a failure here confirms it. */
  readonly remoteOpen: "unseen" | "obeyed" | "unconfirmed";
  readonly hold: ActiveHold | undefined;
  /** This process's request for the lease is on its way. */
  readonly leaseRequested: boolean;
  /** Where the store has no `swap`, the processes of a fleet try at different moments: this one so much later, in ms. */
  readonly attemptDelayMs: number;
  /** Calls carry the epoch they were admitted under; results of an earlier one are void. */
  readonly epoch: number;
  /** What calls are admitted as now; with a new one begins an epoch. */
  readonly admits: "closed" | "held" | "nothing";
  /** The state that was announced last. */
  readonly announced: CircuitState;
  /** The failure that opened it, where it happened here. */
  readonly cause: unknown;
}

export const NO_DECISION: Decision = { kind: "none" };
export const NO_PROBE: Probe = { kind: "none" };
export const NO_RECOVERY: Recovery = {
  unserved: false,
  lapses: 0,
  reopens: 0,
  pausedUntilMs: 0,
  nests: false,
};

/** Where every circuit begins. */
export const INITIAL: State = {
  record: undefined,
  decision: NO_DECISION,
  probe: NO_PROBE,
  recovery: NO_RECOVERY,
  remoteOpen: "unseen",
  hold: undefined,
  leaseRequested: false,
  attemptDelayMs: 0,
  epoch: 0,
  admits: "closed",
  announced: "closed",
  cause: undefined,
};
