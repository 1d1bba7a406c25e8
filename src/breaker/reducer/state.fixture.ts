import { settingsWith } from "../../policy/settings.fixture.js";
import type { CircuitSettings } from "../../policy/settings.js";
import { encode } from "../../protocol/codec.js";
import type { CircuitRecord } from "../../protocol/record.js";
import { closed, leased, leaseReleased, opened, type Stamp } from "../../protocol/transition.js";
import type { Event, Opening } from "./event.js";
import { reduce } from "./reduce.js";
import type { Own } from "./standing.js";
import { type CachedRecord, type Decision, INITIAL, type State } from "./state.js";
import type { Of, Step } from "./step.js";

/** The local clock is at 100 000, the store's at 1 000 000. */
export const NOW = 100_000;
export const LATER = NOW + 500;
export const OPEN_MS = 1_000;
export const stamp: Stamp = { revision: 70, nonce: "n", now: 1_000_000, by: "me" };
const earlier: Stamp = { revision: 40, nonce: "o", now: 999_000, by: "other" };

export const ownWith = (changes: Partial<CircuitSettings> = {}, checked = false): Own => ({
  settings: settingsWith({ openMs: OPEN_MS, backoffMax: 60_000, ...changes }),
  owner: "mine",
  host: "my-host",
  identity: "me",
  checked,
});
export const OWN: Own = ownWith();

export const sight = (record: CircuitRecord, deadline: number): CachedRecord => ({
  raw: encode(record),
  record,
  deadline,
});
export const openRecord = (deadline: number, changes: Partial<CircuitRecord> = {}): CachedRecord =>
  sight({ ...opened(earlier, { duration: 1_000, reason: "theirs", reopens: 1 }), ...changes }, deadline);
export const leasedRecord = (owner: string, deadline: number, lapsed = 0): CachedRecord =>
  sight(leased(earlier, openRecord(0).record, { owner, duration: 10_000, lapsed }), deadline);
export const releasedRecord: CachedRecord = sight(leaseReleased(earlier, openRecord(0).record, 0), NOW);
export const closedRecord: CachedRecord = sight(closed(earlier, ""), 0);
/** The same record after another write. */
export const next = (
  { record, deadline }: CachedRecord,
  changes: Partial<CircuitRecord> = {},
): CachedRecord => sight({ ...record, revision: 50, generation: 50, ...changes }, deadline);

export type OpenedDecision = Extract<Decision, { kind: "opened" }>;
export const decidedOpen = (changes: Partial<OpenedDecision> = {}): OpenedDecision => ({
  kind: "opened",
  base: 40,
  untilMs: NOW + 30.5,
  durationMs: 60,
  reason: "mine",
  manual: false,
  reopens: 0,
  madeOffline: false,
  visibility: "fleet",
  ...changes,
});
export const decidedClosed: Extract<Decision, { kind: "closed" }> = {
  kind: "closed",
  base: 40,
  reason: "probe succeeded",
  localOnly: false,
};
export const decidedRelease: Extract<Decision, { kind: "released" }> = {
  kind: "released",
  base: 40,
  passed: 0,
};
export const running = (untilMs: number, epoch = 0): State["probe"] => ({ kind: "running", untilMs, epoch });

/** A complete state: what is announced and admitted follows from the given fields. */
export function stateWith(changes: Partial<State>, own: Own = OWN, now: number = NOW): State {
  return reduce({ ...INITIAL, ...changes }, { type: "time" }, now, own).state;
}

export const opening = (changes: Partial<Opening> = {}): Opening => ({
  reason: "it failed",
  cause: undefined,
  ofThisHost: false,
  openFor: undefined,
  random: 0.5,
  storeDown: false,
  closedForMs: Infinity,
  ...changes,
});

export const aCall = (changes: Partial<Of<"call">> = {}): Of<"call"> => ({
  type: "call",
  waitMs: 50,
  asked: false,
  byCheck: false,
  withinProbe: false,
  storeFails: false,
  callTimeoutMs: 0,
  ...changes,
});
/** A call that can't wait: it comes again at once, whatever the answer to its request. */
export const aSyncCall = (changes: Partial<Of<"call">> = {}): Of<"call"> => aCall({ waitMs: 0, ...changes });

export const news = (
  record: CachedRecord | undefined,
  changes: Partial<Of<"record">> = {},
): Of<"record"> => ({
  type: "record",
  record,
  doubts: false,
  ageMs: 0,
  random: 0,
  ...changes,
});

/** Reduces one event, at `NOW` by default. */
export const on = (state: State, event: Event, own: Own = OWN, now: number = NOW): Step =>
  reduce(state, event, now, own);

/** Reduces several events, one after the other. */
export function play(state: State, events: readonly Event[], own: Own = OWN, now: number = NOW): State {
  return events.reduce((before, event) => on(before, event, own, now).state, state);
}

/** The fleet's open time is over, and nobody has probed yet. */
export const isDue: State = stateWith({ record: openRecord(NOW), remoteOpen: "obeyed" });
/** This process has the lease, and its probe runs. */
export const probing: State = on(
  stateWith({ record: leasedRecord("mine", LATER), remoteOpen: "obeyed" }),
  aCall(),
).state;

export const tripped = { type: "tripped", opening: opening() } as const;
export const succeeded = { type: "probe-succeeded" } as const;
export const released: Of<"probe-released"> = {
  type: "probe-released",
  pauseMs: 0,
  byItself: false,
  leaseWaitMs: 0,
  random: 1,
};
