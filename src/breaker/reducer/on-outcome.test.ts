import { describe, expect, test } from "vitest";
import { isFirstProbe } from "./on-outcome.js";
import {
  closedRecord,
  decidedOpen,
  decidedRelease,
  isDue,
  LATER,
  NOW,
  OPEN_MS,
  OWN,
  on,
  opening,
  openRecord,
  ownWith,
  probing,
  released,
  running,
  stateWith,
  succeeded,
  tripped,
} from "./state.fixture.js";
import { INITIAL, NO_DECISION, NO_RECOVERY, type State } from "./state.js";

const failed = { type: "probe-failed", opening: opening() } as const;

describe("a trip", () => {
  const decisionOf = (own = OWN, changes = {}): State["decision"] =>
    on(INITIAL, { type: "tripped", opening: opening(changes) }, own).state.decision;

  test("opens for the circuit's own time, or for what the failure asks for", () => {
    expect(decisionOf()).toEqual({
      kind: "opened",
      base: 0,
      untilMs: NOW + OPEN_MS,
      durationMs: OPEN_MS,
      reason: "it failed",
      manual: false,
      reopens: 0,
      madeOffline: false,
      visibility: "fleet",
    });
    expect(decisionOf(ownWith({ retryAfterMax: 9_000 }), { openFor: 5_000 })).toMatchObject({
      durationMs: 5_000,
    });
    expect(decisionOf(OWN, { storeDown: true })).toMatchObject({ madeOffline: true });
  });

  test("is for the fleet, a vote of this host, or for this process alone", () => {
    expect(decisionOf(ownWith({ quorum: 2 }))).toMatchObject({ visibility: "vote" });
    expect(decisionOf(ownWith({ quorum: 2 }), { ofThisHost: true })).toMatchObject({ visibility: "here" });
    expect(decisionOf(ownWith({ scope: "process" }))).toMatchObject({ visibility: "here" });
    expect(decisionOf(ownWith({ mode: "shadow" }))).toMatchObject({ visibility: "here" });
  });

  test("that is a vote is proposed after a delay, unless there is a lease to release", () => {
    const own = ownWith({ quorum: 2 });
    expect(on(INITIAL, tripped, own).effects).toContainEqual({ type: "propose", delayMs: 100 });
    expect(on(probing, failed, own).effects).toContainEqual({ type: "propose", delayMs: 0 });
  });

  test("reopens for longer with back-off, by this process's count or the fleet's", () => {
    const own = ownWith({ backoffFactor: 2 });
    const first = on(stateWith({ probe: running(LATER) }, own), failed, own).state;
    expect(first.decision).toMatchObject({ reopens: 1, durationMs: 2_000 });
    const second = on({ ...first, probe: running(LATER), decision: NO_DECISION }, failed, own).state;
    expect(second.decision).toMatchObject({ reopens: 2, durationMs: 4_000 });
    expect(on(probing, failed, own).state.decision).toMatchObject({ reopens: 2, durationMs: 4_000 });
  });
});

describe("the back-off", () => {
  const growing = ownWith({ backoffFactor: 2 });
  const trips = (state: State, closedForMs: number, own = growing): State["decision"] =>
    on(state, { type: "tripped", opening: opening({ closedForMs }) }, own).state.decision;

  test("is remembered while closed, when other recovery state is cleared", () => {
    const lapsed = { ...probing, recovery: { ...NO_RECOVERY, lapses: 2, unserved: true } };
    const { state } = on(lapsed, succeeded, growing);
    expect(state).toMatchObject({ announced: "closed", recovery: { ...NO_RECOVERY, reopens: 2 } });
  });

  test("is not remembered if the open time does not grow", () => {
    expect(on(probing, succeeded).state.recovery).toBe(NO_RECOVERY);
  });

  test("continues if the circuit trips too soon after it closed, and restarts later", () => {
    const { state } = on(probing, succeeded, growing);
    expect(trips(state, 1_999)).toMatchObject({ reopens: 2, durationMs: 4_000 });
    expect(trips(state, 2_000)).toMatchObject({ reopens: 0, durationMs: OPEN_MS });
    expect(trips(INITIAL, 0)).toMatchObject({ reopens: 0, durationMs: OPEN_MS });
  });

  test("continues from the fleet's count if that is higher", () => {
    const record = { ...closedRecord, record: { ...closedRecord.record, reopens: 3 } };
    expect(trips(stateWith({ record }, growing), 0)).toMatchObject({ reopens: 3, durationMs: 8_000 });
  });

  test("takes its jitter from the opening's random number", () => {
    const own = ownWith({ backoffFactor: 2, backoffJitter: 0.5 });
    const withChance = { type: "probe-failed", opening: opening({ random: 0.5 }) } as const;
    expect(on(probing, withChance, own).state.decision).toMatchObject({ durationMs: 3_000 });
  });
});

describe("a released probe", () => {
  test("keeps others from probing for its pause, at most for the open time", () => {
    const pause = (pauseMs: number, byItself = false): State["recovery"] =>
      on(probing, { ...released, pauseMs, byItself }).state.recovery;
    expect(pause(400)).toMatchObject({ pausedUntilMs: NOW + 400, nests: false });
    expect(pause(99_000)).toMatchObject({ pausedUntilMs: NOW + OPEN_MS });
    expect(pause(400, true)).toMatchObject({ pausedUntilMs: NOW, nests: true });
    const nesting = { ...probing, recovery: { ...NO_RECOVERY, nests: true } };
    expect(on(nesting, released).state.recovery.nests).toBe(true);
  });

  test("whose inner call an operator's hold rejected is not taken for a function that calls itself", () => {
    const byItself = { ...released, byItself: true };
    const hold = { state: "open", untilMs: Infinity, record: {} as never } as const;
    expect(on({ ...probing, hold }, byItself).state.recovery.nests).toBe(false);
    expect(on(probing, byItself).state.recovery.nests).toBe(true);
  });
});

describe("a call from before that asks for a longer open time", () => {
  const asks = (openMs: number, storeDown = false) =>
    ({ type: "asked-for-longer", openMs, storeDown }) as const;
  const open = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" });

  test("lengthens the open time for the fleet", () => {
    const { state, effects } = on(open, asks(2_000));
    expect(state.decision).toEqual({
      kind: "opened",
      base: 40,
      untilMs: NOW + 2_000,
      durationMs: 2_000,
      reason: "theirs",
      manual: false,
      reopens: 1,
      madeOffline: false,
      visibility: "fleet",
    });
    expect(effects).toEqual([{ type: "propose", delayMs: 0 }]);
    expect(on(open, asks(2_000, true)).state.decision).toMatchObject({ madeOffline: true });
  });

  test("never shortens it, and changes nothing if the circuit is not open or an operator opened it", () => {
    expect(on(open, asks(500)).state).toBe(open);
    expect(on(isDue, asks(2_000)).state).toBe(isDue);
    const manual = stateWith({ record: openRecord(LATER, { manual: true }), remoteOpen: "obeyed" });
    expect(on(manual, asks(2_000)).state).toBe(manual);
    const mine = stateWith({ decision: decidedOpen({ base: 0, manual: true }) });
    expect(on(mine, asks(2_000)).state).toBe(mine);
  });

  test("keeps the reason, the count and the visibility of this process's opening", () => {
    const mine = stateWith({ decision: decidedOpen({ base: 0, reopens: 3, visibility: "here" }) });
    expect(on(mine, asks(2_000)).state.decision).toMatchObject({
      reason: "mine",
      reopens: 3,
      visibility: "here",
    });
  });

  const vote = decidedOpen({ visibility: "vote" });

  test("makes the opening the fleet's if the fleet has the circuit open, and otherwise leaves it a vote", () => {
    const fleets = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed", decision: vote });
    expect(on(fleets, asks(2_000)).state.decision).toMatchObject({ visibility: "fleet", reason: "mine" });
    const ours = stateWith({ record: closedRecord, decision: vote });
    expect(on(ours, asks(2_000)).state.decision).toMatchObject({ visibility: "vote" });
  });

  test("has no effect if an operator opened the circuit, even beside an opening of this process", () => {
    const record = openRecord(LATER, { manual: true });
    const state = stateWith({ record, remoteOpen: "obeyed", decision: vote });
    expect(on(state, asks(2_000)).state).toBe(state);
  });
});

describe("isFirstProbe()", () => {
  test("is true if no probe failed or succeeded since the trip", () => {
    const fresh = openRecord(NOW, { reopens: 0 });
    const first = (changes: Partial<State>): boolean => isFirstProbe({ ...INITIAL, ...changes }, OWN);
    expect(first({ record: fresh })).toBe(true);
    expect(first({})).toBe(true);
    expect(first({ record: openRecord(NOW) })).toBe(false);
    expect(first({ record: fresh, recovery: { ...NO_RECOVERY, reopens: 1 } })).toBe(false);
    expect(first({ record: fresh, decision: { ...decidedRelease, passed: 1 } })).toBe(false);
    expect(first({ record: openRecord(NOW, { reopens: 0, passed: 1 }) })).toBe(false);
  });
});
