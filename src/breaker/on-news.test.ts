import { describe, expect, test } from "vitest";
import {
  aCall,
  closedRecord,
  decidedClosed,
  decidedOpen,
  decidedRelease,
  LATER,
  leasedRecord,
  NOW,
  news,
  next,
  OWN,
  on,
  openRecord,
  running,
  stateWith,
} from "./state.fixture.js";
import { INITIAL, NO_DECISION, NO_PROBE, type State } from "./state.js";

const isDue = stateWith({ record: openRecord(NOW), remoteOpen: "obeyed" });
const mine = next(leasedRecord("mine", NOW + 20_000));

describe("this process's lease that the store pushes before its answer comes", () => {
  test("is for the next call, where the one that asked for it still waits", () => {
    const waiting = on(isDue, aCall()).state;
    const { state } = on(waiting, news(mine));
    expect(state.probe).toEqual(NO_PROBE);
    expect(on(state, aCall()).verdict).toBe("probe");
  });
});

describe("an opening that was decided before any record was known", () => {
  const opening = decidedOpen({ base: 0, untilMs: NOW + 400, durationMs: 1_000 });
  const longAgo = { ageMs: 60_000 };
  const left = (decision: State["decision"], record: State["record"]): State["decision"] =>
    on(stateWith({ decision }), news(record, longAgo)).state.decision;

  test("goes on under an old record only where that is closed", () => {
    expect(left(opening, closedRecord)).toEqual({ ...opening, base: 40 });
    expect(left(opening, openRecord(NOW))).toEqual(NO_DECISION);
  });

  test("and one that was decided under a record does not", () => {
    expect(left({ ...opening, base: 39 }, closedRecord)).toEqual(NO_DECISION);
  });
});

test("what this process opened under a record that the store has lost is over", () => {
  const state = stateWith({ record: closedRecord, decision: decidedOpen() });
  expect(on(state, news(undefined)).state.decision).toEqual(NO_DECISION);
});

test("a doubt about the fleet's opening stays through what others write, until a failure here ends it", () => {
  const doubted = on(INITIAL, news(openRecord(LATER), { doubts: true })).state;
  const again = on(doubted, news(next(openRecord(LATER)), { doubts: false })).state;
  expect(again.remoteOpen).toBe("unconfirmed");
  expect(on(again, aCall()).verdict).toBe("closed");
});

describe("the answer to a request for the lease", () => {
  test("that was granted leaves no probe, where none runs", () => {
    const asked = { ...isDue, leaseRequested: true };
    const granted = on(asked, { type: "lease", record: mine, outcome: "granted" }).state;
    expect(granted.probe).toEqual(NO_PROBE);
  });

  test("that was refused changes nothing, also where the lease before was this process's own", () => {
    const record = leasedRecord("mine", NOW);
    const asked: State = { ...stateWith({ record }), leaseRequested: true, decision: decidedRelease };
    for (const outcome of ["failed", "unneeded"] as const) {
      const { state } = on({ ...asked, probe: running(NOW + 1) }, { type: "lease", record, outcome });
      expect(state).toMatchObject({ decision: decidedRelease, probe: running(NOW + 1) });
    }
  });
});

describe("the answer to a proposal", () => {
  const closing = stateWith({ record: openRecord(NOW), remoteOpen: "obeyed", decision: decidedClosed });
  const { record } = closing;

  test("that another write was under way changes nothing: it is proposed again when that has ended", () => {
    const busy = { type: "proposal", record, outcome: "busy", written: decidedClosed } as const;
    expect(on(closing, busy).state.decision).toBe(decidedClosed);
  });

  test("that nothing had to be written is no word on what was decided since", () => {
    const unneeded = { type: "proposal", record, outcome: "unneeded", written: decidedRelease } as const;
    expect(on(closing, unneeded).state.decision).toBe(decidedClosed);
  });

  test("that the store has what was decided before leaves nothing decided where nothing is any more", () => {
    const granted = { type: "proposal", record, outcome: "granted", written: decidedOpen() } as const;
    expect(on({ ...isDue, decision: NO_DECISION }, granted, OWN).state.decision).toBe(NO_DECISION);
  });
});
