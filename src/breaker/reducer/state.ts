import type {
  CachedRecord as Cached,
  CircuitRecord,
  CircuitState,
  HoldRecord,
} from "../../protocol/record.js";

/** The fleet's record as this process has it, with its deadline on the local clock. */
export type CachedRecord = Cached<CircuitRecord>;

/** Who learns about an opening: the whole fleet, the fleet as a vote of this host, or nobody. */
export type Visibility = "fleet" | "vote" | "here";

/**
 * What this process decided and the store has not granted yet. Calls here obey it at once. It is never merged into the
 * fleet's record, since only the store grants revisions.
 */
export type Decision = NoDecision | BasedDecision;

interface NoDecision {
  readonly kind: "none";
  readonly base?: undefined;
  readonly provisional?: undefined;
}

/**
 * `base`: the generation under which it was decided. Once the fleet is at another generation the decision is void,
 * except for an opening made while the store could not be asked (`madeOffline`): that is proposed as a fresh trip.
 * `provisional`: the outcome of a probe whose lease may have been over. It is obeyed only once the store has it, since
 * other processes may have probed meanwhile.
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

/**
 * The probe ended and the circuit is still half-open: its lease goes back. `lapsed`: set if no probe used that lease,
 * and calls were rejected meanwhile. The record then says so, and the next process need not wait for a lease.
 */
interface Released {
  readonly kind: "released";
  readonly base: number;
  readonly passed: number;
  readonly lapsed?: number;
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
  /** A caller waits until then for its lease. */
  | { readonly kind: "waiting"; readonly untilMs: number }
  /** A call is the probe. No other call here may probe until its lease ends; an outcome after that is provisional. */
  | { readonly kind: "running"; readonly untilMs: number; readonly epoch: number };

/** What this process has seen on the way to recovery, since the circuit last opened. */
export interface Recovery {
  /**
   * A call was rejected because its lease did not come in time. No other call will be, until the circuit opens again.
   */
  readonly unserved: boolean;
  /** How often a probe of this process outlived its lease; from zero once one ends as neither within it. */
  readonly lapses: number;
  /**
   * How often in a row this process opened it again; while closed: where the back-off continues after a trip too soon.
   */
  readonly reopens: number;
  /**
   * How many probes of this process succeeded, also if another process has overwritten the record since: a store without
   * `swap` can't tell.
   */
  readonly passed: number;
  /** How many probes of this process ended as neither success nor failure, up to the number that matters. */
  readonly neither: number;
  /** No probe here before then: the last one met another circuit that is open until then, or it is others' turn. */
  readonly pausedUntilMs: number;
  /** Until then a check probes, and calls don't: a lease was given back, or an operator's hold has ended. */
  readonly checkedUntilMs: number;
  /** The protected function calls its own circuit, and the runtime can't tell which calls come from the probe. */
  readonly nests: boolean;
}

/** An operator's hold in force. `untilMs` is `Infinity` if it has no end. */
export interface ActiveHold {
  readonly state: "open" | "closed";
  readonly untilMs: number;
  readonly record: HoldRecord;
}

/**
 * The whole state of one circuit in one process. Only `reduce.ts` makes the next state; `standing.ts` reads what it
 * means. Times ending in `Ms` are on the local monotonic clock; the times in the record are on the store's clock.
 */
export interface State {
  readonly record: CachedRecord | undefined;
  readonly decision: Decision;
  readonly probe: Probe;
  readonly recovery: Recovery;
  /** Whether the fleet's opening is obeyed, or waits until a failure here confirms it. */
  readonly remoteOpen: "unseen" | "obeyed" | "unconfirmed";
  readonly hold: ActiveHold | undefined;
  /** This process's lease request is under way. */
  readonly leaseRequested: boolean;
  /** For a store without `swap`: how much later this process tries than others, in ms, so that not all try at once. */
  readonly attemptDelayMs: number;
  /** Calls carry the epoch in which they were admitted; results from an earlier epoch are void. */
  readonly epoch: number;
  /** The kind of `Admission` that calls get now. A new kind begins a new epoch. */
  readonly admissionKind: "closed" | "held" | "rejecting";
  /** The last announced state. */
  readonly announced: CircuitState;
  /** The failure that opened it, if that happened here. */
  readonly cause: unknown;
}

export const NO_DECISION: Decision = { kind: "none" };
export const NO_PROBE: Probe = { kind: "none" };
export const NO_RECOVERY: Recovery = {
  unserved: false,
  lapses: 0,
  reopens: 0,
  passed: 0,
  neither: 0,
  pausedUntilMs: 0,
  checkedUntilMs: 0,
  nests: false,
};

/** The state in which every circuit begins. */
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
  admissionKind: "closed",
  announced: "closed",
  cause: undefined,
};
