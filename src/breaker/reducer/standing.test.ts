import { describe, expect, test } from "vitest";
import {
  activeHold,
  generationOf,
  holdsLease,
  inForce,
  isChecked,
  isLocalOnly,
  isOpenHereAlone,
  isTripped,
  obeyed,
  type Standing,
  standingOf,
  standingWithoutProbe,
  statusOf,
  tellsOfUnusedLease,
} from "./standing.js";
import {
  closedRecord,
  decidedClosed,
  decidedOpen,
  decidedRelease,
  LATER,
  leasedRecord,
  NOW,
  OPEN_MS,
  OWN,
  openRecord,
  ownWith,
  releasedRecord,
  running,
} from "./state.fixture.js";
import { INITIAL, NO_DECISION, NO_RECOVERY, type State } from "./state.js";

const CLOSED = { kind: "closed" };
const DUE = { kind: "due" };
const of = (changes: Partial<State>, own = OWN): Standing => standingOf({ ...INITIAL, ...changes }, NOW, own);
const hold = (state: "open" | "closed", untilMs: number): State["hold"] => ({
  state,
  untilMs,
  record: {} as NonNullable<State["hold"]>["record"],
});

describe("the fleet's record alone", () => {
  test("means closed if it is missing or closed", () => {
    expect(of({})).toEqual(CLOSED);
    expect(of({ record: closedRecord })).toEqual(CLOSED);
    expect(of({ record: { ...closedRecord, deadline: LATER } })).toEqual(CLOSED);
  });

  test("means open or half-open until its deadline, then due", () => {
    expect(of({ record: openRecord(LATER) })).toEqual({ kind: "open", untilMs: LATER });
    expect(of({ record: leasedRecord("x", LATER) })).toEqual({ kind: "half-open", untilMs: LATER });
    expect(of({ record: openRecord(NOW) })).toEqual(DUE);
    expect(of({ record: leasedRecord("x", NOW) })).toEqual(DUE);
    expect(of({ record: releasedRecord })).toEqual(DUE);
  });

  test("means due while this process has the lease", () => {
    expect(of({ record: leasedRecord("mine", LATER) })).toEqual(DUE);
    expect(of({ record: leasedRecord("mine", NOW) })).toEqual(DUE);
  });

  test("means due after an extra delay if the store has no swap, and at once if a lease was released", () => {
    const attemptDelayMs = 7;
    const record = openRecord(NOW - 3);
    expect(of({ record, attemptDelayMs })).toEqual({ kind: "half-open", untilMs: NOW + 4 });
    expect(of({ record: openRecord(NOW - 7), attemptDelayMs })).toEqual(DUE);
    expect(of({ record: releasedRecord, attemptDelayMs })).toEqual(DUE);
  });
});

describe("a decision of this process", () => {
  test("to open is obeyed whatever the record says; the later deadline counts", () => {
    const decision = decidedOpen({ untilMs: NOW + 20 });
    for (const record of [undefined, closedRecord, leasedRecord("x", LATER), releasedRecord])
      expect(of({ record, decision })).toEqual({ kind: "open", untilMs: NOW + 20 });
    expect(of({ record: openRecord(LATER), decision })).toEqual({ kind: "open", untilMs: LATER });
    expect(of({ record: openRecord(NOW + 10), decision })).toEqual({ kind: "open", untilMs: NOW + 20 });
  });

  test("to open is due when its time is over, unless the record still restricts calls", () => {
    const decision = decidedOpen({ untilMs: NOW, base: 0 });
    expect(of({ decision })).toEqual(DUE);
    expect(of({ decision, record: closedRecord })).toEqual(DUE);
    const leased = leasedRecord("x", LATER);
    for (const base of [0, 40])
      expect(of({ decision: { ...decision, base }, record: leased })).toEqual({
        kind: "half-open",
        untilMs: LATER,
      });
  });

  test("to close or to release replaces the record of its own generation", () => {
    expect(of({ decision: decidedClosed, record: leasedRecord("x", LATER) })).toEqual(CLOSED);
    expect(of({ decision: decidedRelease, record: leasedRecord("x", LATER) })).toEqual(DUE);
    expect(of({ decision: decidedClosed, record: openRecord(NOW) })).toEqual(CLOSED);
  });

  test("to close or to release has no effect on a record of another generation", () => {
    const late = { base: 39 };
    const record = leasedRecord("x", LATER);
    expect(of({ decision: { ...decidedClosed, ...late }, record })).toEqual({
      kind: "half-open",
      untilMs: LATER,
    });
    expect(of({ decision: { ...decidedRelease, ...late }, record })).toEqual({
      kind: "half-open",
      untilMs: LATER,
    });
    expect(of({ decision: { ...decidedClosed, ...late }, record: openRecord(NOW) })).toEqual(DUE);
    expect(of({ decision: { ...decidedRelease, ...late }, record: closedRecord })).toEqual(CLOSED);
  });
});

describe("a probe of this process", () => {
  const record = openRecord(NOW);

  test("admits no other call while it runs, or while a caller waits for its lease", () => {
    expect(of({ record, probe: running(LATER) })).toEqual({ kind: "half-open", untilMs: LATER });
    expect(of({ record, probe: { kind: "waiting", untilMs: LATER } })).toEqual({
      kind: "half-open",
      untilMs: LATER,
    });
    expect(of({ record, probe: running(NOW) })).toEqual(DUE);
  });

  test("is paused until the other circuit that it met may be called", () => {
    const recovery = { ...NO_RECOVERY, pausedUntilMs: LATER };
    expect(of({ record, recovery })).toEqual({ kind: "half-open", untilMs: LATER });
    expect(of({ record, recovery: { ...recovery, pausedUntilMs: NOW } })).toEqual(DUE);
  });

  test("does not change whether the lease is available", () => {
    expect(standingWithoutProbe({ ...INITIAL, record, probe: running(LATER) }, NOW, OWN)).toEqual(DUE);
  });
});

describe("options", () => {
  test("recovery: all means closed once the time is over", () => {
    const own = ownWith({ recovery: "all" });
    expect(of({ record: openRecord(NOW) }, own)).toEqual(CLOSED);
    expect(of({ record: openRecord(LATER) }, own)).toEqual({ kind: "open", untilMs: LATER });
  });

  test.each([
    ["a circuit of this process alone", ownWith({ scope: "process" })],
    ["a shadow", ownWith({ mode: "shadow" })],
  ])("%s obeys an operator's trip only", (_, own) => {
    expect(isLocalOnly(own)).toBe(true);
    expect(of({ record: openRecord(LATER) }, own)).toEqual(CLOSED);
    expect(of({ record: openRecord(LATER, { manual: true }) }, own)).toEqual({
      kind: "open",
      untilMs: LATER,
    });
  });

  test("an unconfirmed trip is not obeyed; an operator's trip and a closing are", () => {
    const record = openRecord(LATER);
    expect(of({ record, remoteOpen: "unconfirmed" })).toEqual(CLOSED);
    expect(of({ record, remoteOpen: "obeyed" })).toEqual({ kind: "open", untilMs: LATER });
    const seen = (cached: State["record"]): State => ({
      ...INITIAL,
      record: cached,
      remoteOpen: "unconfirmed",
    });
    expect(obeyed(seen(record), OWN)).toBeUndefined();
    expect(obeyed(seen(closedRecord), OWN)).toBe(closedRecord);
    const manual = openRecord(LATER, { manual: true });
    expect(obeyed(seen(manual), OWN)).toBe(manual);
    expect(isLocalOnly(OWN)).toBe(false);
  });
});

describe("a record", () => {
  test("has its generation, and 0 stands for none", () => {
    expect(generationOf(undefined)).toBe(0);
    expect(generationOf(closedRecord)).toBe(40);
  });

  test("is tripped unless it is closed, and in force until its deadline", () => {
    expect([undefined, closedRecord, openRecord(0), releasedRecord].map(isTripped)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect([NOW - 1, NOW, NOW + 1].map((at) => inForce(openRecord(at), NOW))).toEqual([false, false, true]);
    expect(inForce({ ...closedRecord, deadline: LATER }, NOW)).toBe(false);
    expect(inForce(undefined, NOW)).toBe(false);
  });

  test("belongs to this process's lease only if it names this process", () => {
    expect(holdsLease({ ...INITIAL, record: leasedRecord("mine", LATER) }, OWN)).toBe(true);
    expect(holdsLease({ ...INITIAL, record: leasedRecord("x", LATER) }, OWN)).toBe(false);
    expect(holdsLease(INITIAL, OWN)).toBe(false);
  });

  test("shows an unused lease if one ended without an outcome, now or before", () => {
    expect(tellsOfUnusedLease(leasedRecord("x", NOW), NOW)).toBe(true);
    expect(tellsOfUnusedLease(leasedRecord("", NOW, 1), NOW)).toBe(true);
    expect(tellsOfUnusedLease(releasedRecord, NOW)).toBe(false);
    expect(tellsOfUnusedLease(undefined, NOW)).toBe(false);
    expect(tellsOfUnusedLease(closedRecord, NOW + 10_000)).toBe(false);
  });

  test("shows an unused lease if nobody asked for one for a whole lease's time", () => {
    expect(tellsOfUnusedLease(openRecord(NOW), NOW + 9_999)).toBe(false);
    expect(tellsOfUnusedLease(openRecord(NOW), NOW + 10_000)).toBe(true);
  });
});

describe("isOpenHereAlone()", () => {
  const alone = (changes: Partial<State>, own = OWN): boolean =>
    isOpenHereAlone({ ...INITIAL, ...changes }, own);

  test("is true for an opening or a release that the fleet has no record of", () => {
    expect(alone({ decision: decidedOpen() })).toBe(true);
    expect(alone({ decision: decidedRelease, record: closedRecord })).toBe(true);
    expect(alone({ decision: decidedOpen(), record: openRecord(NOW) })).toBe(false);
    expect(alone({ decision: decidedClosed })).toBe(false);
    expect(alone({})).toBe(false);
  });

  test("is always true with scope: process", () => {
    expect(alone({}, ownWith({ scope: "process" }))).toBe(true);
  });
});

describe("isChecked()", () => {
  const checked = ownWith({}, true);
  const tries = (record: State["record"], now = NOW, own = checked): boolean =>
    isChecked({ ...INITIAL, record, remoteOpen: "obeyed" }, now, own);

  test("is false without a check", () => {
    expect(tries(openRecord(NOW), NOW, OWN)).toBe(false);
    expect(tries(undefined, NOW, OWN)).toBe(false);
  });

  test("is true if the fleet has no record or a closed one", () => {
    expect(tries(undefined)).toBe(true);
    expect(tries(closedRecord, NOW + 60_000)).toBe(true);
  });

  test("is true until nobody has checked for a whole lease's time", () => {
    expect(tries(openRecord(NOW), NOW + 9_999)).toBe(true);
    expect(tries(openRecord(NOW), NOW + 10_000)).toBe(false);
    expect(tries(leasedRecord("x", NOW), NOW + 10_000)).toBe(false);
    expect(tries(openRecord(NOW, { by: "me" }), NOW + 10_000)).toBe(false);
  });

  test("is true for a released lease only in the process that released it, without a time limit", () => {
    expect(tries(releasedRecord)).toBe(false);
    const mine = { ...releasedRecord, record: { ...releasedRecord.record, by: "me" } };
    expect(tries(mine)).toBe(true);
    expect(tries(mine, NOW + 60_000)).toBe(true);
  });
});

describe("isChecked() while the store is away", () => {
  const tries = (decision: State["decision"], now: number, record = openRecord(NOW - 60_000)): boolean =>
    isChecked({ ...INITIAL, record, decision }, now, { ...OWN, checked: true });

  test("is true for a lease's time after the check last had an outcome, whatever the record says", () => {
    expect(tries(decidedOpen({ untilMs: NOW }), NOW + 9_999)).toBe(true);
    expect(tries(decidedOpen({ untilMs: NOW }), NOW + 10_000)).toBe(false);
    expect(tries(decidedOpen({ untilMs: NOW }), NOW + 9_999, releasedRecord)).toBe(true);
    expect(tries(decidedRelease, NOW + 60_000)).toBe(true);
    expect(tries(NO_DECISION, NOW)).toBe(false);
  });
});

describe("statusOf()", () => {
  const status = (changes: Partial<State>): unknown => statusOf({ ...INITIAL, ...changes }, NOW, OWN);

  test("has half-open with 0 ms left if a call may probe", () => {
    expect(status({})).toEqual({ state: "closed", retryAfterMs: 0 });
    expect(status({ record: openRecord(LATER) })).toEqual({ state: "open", retryAfterMs: 500 });
    expect(status({ record: leasedRecord("x", LATER) })).toEqual({ state: "half-open", retryAfterMs: 500 });
    expect(status({ record: openRecord(NOW) })).toEqual({ state: "half-open", retryAfterMs: 0 });
  });

  test("is the hold's until its end; a hold without an end gives the circuit's open time", () => {
    const record = openRecord(LATER);
    expect(status({ record, hold: hold("closed", Infinity) })).toEqual({
      state: "closed",
      held: "closed",
      retryAfterMs: 0,
    });
    expect(status({ hold: hold("open", NOW + 9) })).toEqual({ state: "open", held: "open", retryAfterMs: 9 });
    expect(status({ hold: hold("open", Infinity) })).toEqual({
      state: "open",
      held: "open",
      retryAfterMs: OPEN_MS,
    });
    expect(status({ record, hold: hold("closed", NOW) })).toEqual({ state: "open", retryAfterMs: 500 });
    const running = hold("open", NOW + 1);
    expect(activeHold({ ...INITIAL, hold: running }, NOW)).toBe(running);
    expect(activeHold({ ...INITIAL, hold: hold("open", NOW) }, NOW)).toBeUndefined();
    expect(activeHold(INITIAL, NOW)).toBeUndefined();
  });
});
