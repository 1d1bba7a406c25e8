import { describe, expect, test } from "vitest";
import {
  aCall,
  aSyncCall,
  closedRecord,
  decidedClosed,
  decidedOpen,
  decidedRelease,
  isDue,
  LATER,
  leasedRecord,
  NOW,
  next,
  OPEN_MS,
  OWN,
  on,
  opening,
  openRecord,
  play,
  probing,
  released,
  running,
  stateWith,
} from "./state.fixture.js";
import { INITIAL, NO_DECISION, NO_PROBE, NO_RECOVERY, type State } from "./state.js";

describe("the answer to a request for the lease", () => {
  const mine = next(leasedRecord("mine", NOW + 20_000));
  const granted = { type: "lease", record: mine, outcome: "granted" } as const;

  test("gives the lease to the next call, and voids earlier decisions", () => {
    const { state } = on({ ...isDue, leaseRequested: true, decision: decidedRelease }, granted);
    expect(state).toMatchObject({ record: mine, leaseRequested: false, decision: NO_DECISION });
  });

  test("gives the lease to the probe that began meanwhile", () => {
    const local = play(isDue, [aSyncCall(), aSyncCall({ asked: true }), aSyncCall()]);
    expect(local.leaseRequested).toBe(true);
    expect(on(local, granted).state.probe).toEqual({ ...local.probe, untilMs: NOW + 20_000 });
  });

  test("moves the outcome of a probe that ended meanwhile under the lease", () => {
    const local = play(isDue, [aSyncCall(), aSyncCall({ asked: true }), aSyncCall()]);
    for (const event of [
      { type: "probe-succeeded" },
      { type: "probe-failed", opening: opening() },
    ] as const) {
      const ended = on(local, event).state;
      const { state, effects } = on(ended, granted);
      expect(state.decision).toEqual({ ...ended.decision, base: 50 });
      expect(effects).toContainEqual({ type: "propose", delayMs: 0 });
    }
    const back = on(on(local, released).state, granted).state;
    expect(back.decision).toEqual(NO_DECISION);
    const over = on(
      on(local, { type: "probe-failed", opening: opening() }).state,
      granted,
      OWN,
      NOW + OPEN_MS,
    );
    expect(over.state.decision).toEqual(NO_DECISION);
    const late = { ...isDue, decision: { ...decidedClosed, base: 39 } };
    expect(on(late, granted).state.decision).toEqual(NO_DECISION);
  });

  test("changes nothing if the request was refused or overtaken", () => {
    const asked = { ...on(isDue, aCall()).state, decision: decidedRelease };
    for (const outcome of ["failed", "unneeded"] as const) {
      const { state } = on(asked, { type: "lease", record: isDue.record, outcome });
      expect(state).toMatchObject({ leaseRequested: false, probe: NO_PROBE, decision: decidedRelease });
    }
    const overtaken = on(asked, {
      type: "lease",
      record: next(leasedRecord("x", LATER)),
      outcome: "granted",
    });
    expect(overtaken.state.decision).toBe(decidedRelease);
  });

  test("leaves no probe if none runs", () => {
    const asked = { ...isDue, leaseRequested: true };
    expect(on(asked, granted).state.probe).toEqual(NO_PROBE);
  });

  test("changes nothing if it refuses, even if the lease before was this process's own", () => {
    const record = leasedRecord("mine", NOW);
    const asked: State = { ...stateWith({ record }), leaseRequested: true, decision: decidedRelease };
    for (const outcome of ["failed", "unneeded"] as const) {
      const { state } = on({ ...asked, probe: running(NOW + 1) }, { type: "lease", record, outcome });
      expect(state).toMatchObject({ decision: decidedRelease, probe: running(NOW + 1) });
    }
  });
});

describe("a lease that is granted after its probe has ended", () => {
  const granted = (passed: number) =>
    ({
      type: "lease",
      record: next(leasedRecord("mine", LATER), { passed }),
      outcome: "granted",
    }) as const;
  const passedOne = { ...isDue, decision: { ...decidedRelease, passed: 1 } };

  test("is released with the successful probe, if more have to succeed", () => {
    const { state, effects } = on(passedOne, granted(0));
    expect(state.decision).toEqual({ kind: "released", base: 50, passed: 1 });
    expect(effects).toContainEqual({ type: "propose", delayMs: 0 });
  });

  test("needs no further write if the record has that probe already", () => {
    const { state, effects } = on(passedOne, granted(1));
    expect(state.decision).toEqual(NO_DECISION);
    expect(effects).not.toContainEqual({ type: "propose", delayMs: 0 });
  });
});

describe("the answer to a proposal", () => {
  const answered = (
    state: State,
    outcome: "granted" | "unneeded" | "failed" | "busy",
    record = state.record,
    written = state.decision,
    now = NOW,
  ): State => on(state, { type: "proposal", record, outcome, written }, OWN, now).state;
  const mine = stateWith({ decision: decidedOpen({ base: 0, untilMs: LATER }) });
  const theirOpen = openRecord(LATER);

  test("ends the decision if it was granted", () => {
    expect(answered(mine, "granted", theirOpen)).toMatchObject({ decision: NO_DECISION, record: theirOpen });
    const closing = stateWith({ record: openRecord(NOW), remoteOpen: "obeyed", decision: decidedClosed });
    expect(answered(closing, "granted", next(closedRecord)).decision).toEqual(NO_DECISION);
  });

  test("keeps an opening that was written as a vote, under the record it was written to", () => {
    expect(answered(mine, "granted", closedRecord).decision).toEqual({ ...mine.decision, base: 40 });
    expect(answered(mine, "granted", openRecord(NOW)).decision).toEqual({ ...mine.decision, base: 40 });
    expect(answered(mine, "granted", leasedRecord("x", LATER)).decision).toEqual({
      ...mine.decision,
      base: 40,
    });
  });

  test("keeps a decision that was made since", () => {
    expect(answered(mine, "granted", theirOpen, decidedRelease).decision).toEqual({
      ...mine.decision,
      base: 40,
    });
    expect(answered(mine, "unneeded", undefined, decidedRelease).decision).toBe(mine.decision);
  });

  test("marks an opening as made offline if the write failed", () => {
    expect(answered(mine, "failed").decision).toEqual({ ...mine.decision, madeOffline: true });
    const closing = stateWith({ record: openRecord(NOW), remoteOpen: "obeyed", decision: decidedClosed });
    expect(answered(closing, "failed").decision).toBe(closing.decision);
  });

  test("keeps only an opening or a release that the fleet has no record of, if no write was needed", () => {
    expect(answered(mine, "unneeded").decision).toBe(mine.decision);
    expect(answered(mine, "unneeded", theirOpen).decision).toEqual(NO_DECISION);
    const under40 = { ...mine, decision: decidedOpen({ untilMs: LATER }) };
    expect(answered(under40, "unneeded", openRecord(NOW)).decision).toEqual(NO_DECISION);
    const release = stateWith({ record: closedRecord, decision: decidedRelease });
    expect(answered(release, "unneeded").decision).toBe(decidedRelease);
    const closing = stateWith({ record: closedRecord, decision: decidedClosed });
    expect(answered(closing, "unneeded").decision).toEqual(NO_DECISION);
    expect(answered(mine, "busy").decision).toBe(mine.decision);
  });

  test("stores the record only, if there is no decision any more", () => {
    expect(answered(INITIAL, "granted", closedRecord)).toEqual({ ...INITIAL, record: closedRecord });
  });

  const closing = stateWith({ record: openRecord(NOW), remoteOpen: "obeyed", decision: decidedClosed });
  const { record } = closing;

  test("changes nothing if another write was under way: the decision is proposed again", () => {
    const busy = { type: "proposal", record, outcome: "busy", written: decidedClosed } as const;
    expect(on(closing, busy).state.decision).toBe(decidedClosed);
  });

  test("does not affect a later decision if no write was needed", () => {
    const unneeded = { type: "proposal", record, outcome: "unneeded", written: decidedRelease } as const;
    expect(on(closing, unneeded).state.decision).toBe(decidedClosed);
  });

  test("leaves no decision if there is none now", () => {
    const granted = { type: "proposal", record, outcome: "granted", written: decidedOpen() } as const;
    expect(on({ ...isDue, decision: NO_DECISION }, granted, OWN).state.decision).toBe(NO_DECISION);
  });
});

describe("an operator", () => {
  test("opens the circuit here, whatever was decided before", () => {
    const event = { type: "operator-opens", durationMs: 9_000, reason: "upgrade", storeDown: true } as const;
    const { state } = on(probing, event);
    expect(state.decision).toEqual({
      kind: "opened",
      base: 40,
      untilMs: NOW + 9_000,
      durationMs: 9_000,
      reason: "upgrade",
      manual: true,
      reopens: 0,
      madeOffline: true,
      visibility: "fleet",
    });
    expect(state).toMatchObject({ probe: NO_PROBE, recovery: NO_RECOVERY });
  });

  test("overrides the state here once the store has the record", () => {
    const before = {
      ...probing,
      decision: decidedOpen(),
      cause: "why",
      recovery: { ...NO_RECOVERY, lapses: 2 },
    };
    const reset = on(before, { type: "operator-wrote", record: next(closedRecord) }).state;
    expect(reset).toMatchObject({
      decision: NO_DECISION,
      probe: NO_PROBE,
      recovery: NO_RECOVERY,
      remoteOpen: "unseen",
      cause: undefined,
      announced: "closed",
    });
    const manual = next(openRecord(LATER), { manual: true });
    const trip = on(before, { type: "operator-wrote", record: manual }).state;
    expect(trip).toMatchObject({ remoteOpen: "obeyed", record: manual, announced: "open" });
    expect(on(before, { type: "operator-wrote", record: undefined }).state.remoteOpen).toBe("unseen");
  });
});
