import type { CircuitSettings } from "../../policy/settings.js";
import { type CircuitState, LEASE_MS } from "../../protocol/record.js";
import { type ActiveHold, type CachedRecord, type Decision, NO_DECISION, type State } from "./state.js";

/** Who this process is, and the settings of the circuit: what the reducer needs besides the state. */
export interface Own {
  readonly settings: CircuitSettings;
  /** The owner name of this process's leases; no other process has it. */
  readonly owner: string;
  /** The name of the host. All processes of one host together have one vote. */
  readonly host: string;
  /** The name that this process writes into records. */
  readonly identity: string;
  /** The circuit's own check tries the backend after the open time, and calls are not probes. */
  readonly checked: boolean;
}

/** What the circuit does with calls at one moment. Calls, `state`, `retryAfter`, events and health all use it. */
export type Standing =
  | { readonly kind: "closed" }
  | { readonly kind: "open"; readonly untilMs: number }
  /** A probe runs or is about to, here or in another process. No other call is admitted until then. */
  | { readonly kind: "half-open"; readonly untilMs: number }
  /** The open time is over, or a lease is over: the next call may become the probe. */
  | { readonly kind: "due" };

const CLOSED: Standing = { kind: "closed" };
const DUE: Standing = { kind: "due" };

/** The more restrictive of the fleet's record and this process's own decision. Holds are not considered here. */
export function standingOf(state: State, now: number, own: Own): Standing {
  const base = standingWithoutProbe(state, now, own);
  if (base.kind !== "due") return base;
  if (own.settings.recovery === "all") return CLOSED;
  const { probe, recovery } = state;
  if (probe.kind !== "none" && now < probe.untilMs) return { kind: "half-open", untilMs: probe.untilMs };
  return now < recovery.pausedUntilMs ? { kind: "half-open", untilMs: recovery.pausedUntilMs } : DUE;
}

/** The same, but without this process's own probe. `due`: there is a lease to ask for. */
export function standingWithoutProbe(state: State, now: number, own: Own): Standing {
  const decision = isProvisional(state.decision) ? NO_DECISION : state.decision;
  const record = obeyed(state, own);
  if (decision.kind === "opened" && now < decision.untilMs) {
    const theirs = record?.record.state === "open" ? record.deadline : 0;
    return { kind: "open", untilMs: Math.max(decision.untilMs, theirs) };
  }
  if (isBasedOn(decision, record)) {
    // A decision of this process about its own probe, under the same generation, replaces the record.
    if (decision.kind === "closed") return CLOSED;
    if (decision.kind === "released") return DUE;
  }
  if (!isTripped(record)) return decision.kind === "opened" ? DUE : CLOSED;
  const { deadline } = record;
  if (record.record.owner === own.owner) return DUE;
  if (now < deadline)
    return { kind: record.record.state === "open" ? "open" : "half-open", untilMs: deadline };
  // If the store has no swap, other processes may already be trying.
  const attemptMs = deadline + (record.record.until === 0 ? 0 : state.attemptDelayMs);
  return now < attemptMs ? { kind: "half-open", untilMs: attemptMs } : DUE;
}

/**
 * The record that this process obeys; `undefined` while the fleet's opening is not obeyed. An operator's record always
 * counts.
 */
export function obeyed(state: State, own: Own): CachedRecord | undefined {
  const { record, remoteOpen } = state;
  if (record === undefined || record.record.state === "closed" || record.record.manual) return record;
  return isLocalOnly(own) || remoteOpen === "unconfirmed" ? undefined : record;
}

/** Ignores the trips of others and publishes none. */
export const isLocalOnly = ({ settings }: Own): boolean =>
  settings.scope === "process" || settings.mode === "shadow";

/** The generation that calls are admitted under; 0 before there is a record. */
export const generationOf = (record: CachedRecord | undefined): number => record?.record.generation ?? 0;

/** The store decides, and nobody obeys the decision before that. */
export const isProvisional = (decision: Decision): boolean => decision.provisional === true;

/** It was decided under the fleet's present generation. */
export const isBasedOn = (decision: Decision, record: CachedRecord | undefined): boolean =>
  decision.base === generationOf(record);

/** Anything but closed. */
export const isTripped = (record: CachedRecord | undefined): record is CachedRecord =>
  record !== undefined && record.record.state !== "closed";

/** The record still forbids calls: its open time runs, or another process has a lease. */
export const inForce = (record: CachedRecord | undefined, now: number): record is CachedRecord =>
  isTripped(record) && now < record.deadline;

/** This process holds the fleet's lease. */
export const holdsLease = (state: State, own: Own): boolean => obeyed(state, own)?.record.owner === own.owner;

/** Open only here: there is no shared lease to ask for, so this process probes locally. */
export function isOpenHereAlone(state: State, own: Own): boolean {
  if (isLocalOnly(own)) return true;
  const { decision } = state;
  return (decision.kind === "opened" || decision.kind === "released") && !isTripped(obeyed(state, own));
}

/**
 * The record shows that a lease was requested and no probe followed, or that nobody asked for a whole lease time. So
 * calls are rare, or can't wait. The next call probes at once; otherwise none ever would.
 */
export function tellsOfUnusedLease(record: CachedRecord | undefined, now: number): boolean {
  if (!isTripped(record)) return false;
  const { state, lapsed, owner } = record.record;
  return state === "half-open" ? lapsed > 0 || owner !== "" : now - record.deadline >= LEASE_MS;
}

/**
 * The circuit's own check tries the backend, and calls don't. An exception: no process has checked for a whole lease
 * time, for example because each process lives only for one call. The record tells that, and this process's own
 * decision while the store is away. A lease that was given back is left to the process that gave it back.
 */
export function isChecked(state: State, now: number, own: Own): boolean {
  if (!own.checked) return false;
  const { decision, recovery } = state;
  const cached = obeyed(state, own);
  if (!isTripped(cached) || now < recovery.checkedUntilMs || decision.kind === "released") return true;
  const { record, deadline } = cached;
  if (record.until === 0 && record.by === own.identity) return true;
  const theirsMs = record.until === 0 ? -Infinity : deadline;
  const oursMs = decision.kind === "opened" ? decision.untilMs : -Infinity;
  return now - Math.max(theirsMs, oursMs) < LEASE_MS;
}

/** The hold in force, if there is one. */
export const activeHold = ({ hold }: State, now: number): ActiveHold | undefined =>
  hold !== undefined && now < hold.untilMs ? hold : undefined;

/** How soon the circuit's own check tries again, in ms. */
const CHECKED_SOON_MS = 1_000;

/** The circuit's status at one moment, as callers, errors, events and health checks see it. */
export interface Status {
  readonly state: CircuitState;
  /** Set while an operator holds it. */
  readonly held: ActiveHold["state"] | undefined;
  /** When calls may go through again, in ms; 0 if they may now. For a hold without an end: the circuit's own time. */
  readonly retryAfterMs: number;
}

export function statusOf(state: State, now: number, own: Own): Status {
  const hold = activeHold(state, now);
  if (hold !== undefined)
    return { state: hold.state, held: hold.state, retryAfterMs: holdLeftMs(hold, now, own) };
  const held = undefined;
  const standing = standingOf(state, now, own);
  switch (standing.kind) {
    case "closed":
      return { state: "closed", held, retryAfterMs: 0 };
    case "due":
      return { state: "half-open", held, retryAfterMs: isChecked(state, now, own) ? CHECKED_SOON_MS : 0 };
    default:
      return { state: standing.kind, held, retryAfterMs: standing.untilMs - now };
  }
}

function holdLeftMs(hold: ActiveHold, now: number, { settings }: Own): number {
  if (hold.state === "closed") return 0;
  return hold.untilMs === Infinity ? settings.openMs : hold.untilMs - now;
}
