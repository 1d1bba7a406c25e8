import { describe, expect, test } from "vitest";
import { stand } from "./standing.js";
import {
  aCall,
  aSyncCall,
  closedRecord,
  decidedClosed,
  decidedOpen,
  decidedRelease,
  LATER,
  leasedRecord,
  NOW,
  news,
  next,
  OPEN_MS,
  OWN,
  on,
  opening,
  openRecord,
  ownWith,
  play,
  releasedRecord,
  running,
  stateWith,
} from "./state.fixture.js";
import { INITIAL, NO_DECISION, NO_PROBE, NO_RECOVERY, type State } from "./state.js";

const isDue = stateWith({ record: openRecord(NOW), remoteOpen: "obeyed" });
const probing = on(stateWith({ record: leasedRecord("mine", LATER), remoteOpen: "obeyed" }), aCall()).state;
const succeeded = { type: "probe-succeeded" } as const;

describe("the back-off", () => {
  const growing = ownWith({ backoffFactor: 2 });
  const trips = (state: State, closedForMs: number, own = growing): State["decision"] =>
    on(state, { type: "tripped", opening: opening({ closedForMs }) }, own).state.decision;

  test("is remembered while it is closed, and nothing else is", () => {
    const lapsed = { ...probing, recovery: { ...NO_RECOVERY, lapses: 2, unserved: true } };
    const { state } = on(lapsed, succeeded, growing);
    expect(state).toMatchObject({ announced: "closed", recovery: { ...NO_RECOVERY, reopens: 2 } });
  });

  test("is no matter where the open time does not grow", () => {
    expect(on(probing, succeeded).state.recovery).toBe(NO_RECOVERY);
  });

  test("goes on where calls trip it too soon after it closed, and begins anew later", () => {
    const { state } = on(probing, succeeded, growing);
    expect(trips(state, 1_999)).toMatchObject({ reopens: 2, durationMs: 4_000 });
    expect(trips(state, 2_000)).toMatchObject({ reopens: 0, durationMs: OPEN_MS });
    expect(trips(INITIAL, 0)).toMatchObject({ reopens: 0, durationMs: OPEN_MS });
  });

  test("goes on by the fleet's count where that is the higher", () => {
    const record = { ...closedRecord, record: { ...closedRecord.record, reopens: 3 } };
    expect(trips(stateWith({ record }, growing), 0)).toMatchObject({ reopens: 3, durationMs: 8_000 });
  });

  test("draws its jitter from the opening's own chance", () => {
    const own = ownWith({ backoffFactor: 2, backoffJitter: 0.5 });
    const failed = { type: "probe-failed", opening: opening({ random: 0.5 }) } as const;
    expect(on(probing, failed, own).state.decision).toMatchObject({ durationMs: 3_000 });
  });
});

describe("a call that waited for its lease", () => {
  test("is rejected while another probe runs here", () => {
    const running = on(isDue, aCall({ storeFails: true })).state;
    expect(on(running, aCall({ asked: true })).verdict).toBe("reject");
    expect(on(running, aCall({ asked: true })).state.probe).toBe(running.probe);
  });

  test("leaves the next one no time to wait where the lease was refused", () => {
    const refused = { type: "lease", record: openRecord(NOW), outcome: "failed" } as const;
    const asked = play(isDue, [aCall(), refused, aCall({ asked: true })]);
    expect(asked).toMatchObject({ probe: NO_PROBE, recovery: { unserved: true } });
  });

  test("nor where it waited for 250 ms itself", () => {
    const rejected = (waitMs: number): State =>
      play(isDue, [aCall({ waitMs }), aCall({ waitMs, asked: true })]);
    expect(rejected(249).probe).toEqual({ kind: "waiting", untilMs: NOW + 1 });
    expect(rejected(250).probe).toEqual(NO_PROBE);
    expect(rejected(300).probe).toEqual(NO_PROBE);
  });

  test("nor where it could not wait", () => {
    expect(play(isDue, [aSyncCall(), aSyncCall({ asked: true })]).probe).toEqual(NO_PROBE);
  });

  test("probes with the lease that it gets, also where a check has been set meanwhile", () => {
    const waiting = on(isDue, aCall()).state;
    const granted = on(waiting, {
      type: "lease",
      record: next(leasedRecord("mine", LATER)),
      outcome: "granted",
    });
    expect(on(granted.state, aCall({ asked: true }), ownWith({}, true)).verdict).toBe("probe");
  });
});

describe("a circuit with its own check", () => {
  const checked = ownWith({}, true);
  const tries = (state: State, record: State["record"], own = checked, now = NOW): unknown =>
    on(on(state, news(record), own).state, aCall(), own, now).verdict;

  test("leaves what comes to its checks for a lease's time after somebody gave the lease back", () => {
    expect(tries(isDue, next(releasedRecord))).toBe("reject");
    expect(tries(isDue, next(releasedRecord), checked, NOW + 9_999)).toBe("reject");
    expect(tries(isDue, next(releasedRecord), checked, NOW + 10_000)).toBe("ask");
    expect(tries(isDue, next(releasedRecord), OWN)).toBe("ask");
    const { state } = on(isDue, news(next(releasedRecord)), checked);
    const checks = (now: number): unknown => on(state, aCall({ byCheck: true }), checked, now).verdict;
    expect([checks(NOW + 3_999), checks(NOW + 4_000)]).toEqual(["reject", "ask"]);
  });

  test("and not where the record is the first that it hears of: its process may live for this call alone", () => {
    expect(tries(INITIAL, releasedRecord)).toBe("ask");
  });
});

describe("what a probe finds out when its lease may be over", () => {
  const failed = { type: "probe-failed", opening: opening() } as const;
  const late = (event: typeof failed | typeof succeeded, own = OWN) => on(probing, event, own, LATER);
  const answered = (state: State, record: State["record"], outcome: "granted" | "failed", own = OWN): State =>
    on(state, { type: "proposal", record, outcome, written: state.decision }, own, LATER).state;

  test.each([
    ["failed", failed, openRecord(LATER + OPEN_MS), "open"],
    ["succeeded", succeeded, closedRecord, "closed"],
  ] as const)("is proposed, and obeyed only once the store has it: it %s", (_, event, record, stands) => {
    const { state, effects } = late(event);
    expect(effects).toEqual([{ type: "propose", delayMs: 0 }]);
    expect(state).toMatchObject({ announced: "half-open", probe: NO_PROBE, recovery: { lapses: 1 } });
    expect(stand(state, LATER, OWN)).toEqual({ kind: "due" });
    const after = answered(state, next(record, { by: "me" }), "granted");
    expect(after).toMatchObject({ announced: stands, decision: NO_DECISION, recovery: { lapses: 0 } });
  });

  test("is void once the fleet is at another generation, also where its write failed before", () => {
    const state = answered(late(failed).state, probing.record, "failed");
    expect(state).toMatchObject({ announced: "half-open", decision: { kind: "opened", base: 40 } });
    expect(on(state, news(next(closedRecord)), OWN, LATER).state).toMatchObject({
      announced: "closed",
      decision: NO_DECISION,
    });
  });

  test("is no more certain where the process slept within the lease", () => {
    const { state } = on(probing, { ...failed, slept: true });
    expect(state).toMatchObject({ announced: "half-open", decision: { provisional: true } });
    expect(on(probing, { ...failed, slept: false }).state.announced).toBe("open");
  });

  test("is obeyed at once where no other can have probed: it is open here alone", () => {
    const process = ownWith({ scope: "process" });
    expect(late(failed, process).state.announced).toBe("open");
    const voted = stateWith({ decision: decidedOpen({ base: 0, untilMs: NOW, visibility: "vote" }) });
    const alone = on(voted, aCall()).state;
    expect(alone.probe.kind).toBe("running");
    expect(on(alone, failed, OWN, NOW + 60_000).state.announced).toBe("open");
  });

  test("is forgotten where this process has the next lease by then: its call probes", () => {
    const { state } = late(succeeded);
    const record = next(leasedRecord("mine", LATER + 20_000));
    const leased = on(state, { type: "lease", record, outcome: "granted" }, OWN, LATER).state;
    expect(leased).toMatchObject({ announced: "half-open", decision: NO_DECISION });
    expect(on(leased, aCall(), OWN, LATER).verdict).toBe("probe");
  });

  test("is a vote where the quorum is not met, and opens it here", () => {
    const own = ownWith({ quorum: 2 });
    const { state } = late(failed, own);
    const voted = next(releasedRecord, { owner: "" });
    expect(answered(state, voted, "granted", own)).toMatchObject({
      announced: "open",
      decision: { kind: "opened", base: 50, visibility: "vote" },
    });
  });

  test("goes on with the back-off once the store has it", () => {
    const own = ownWith({ backoffFactor: 2 });
    const { state } = late(failed, own);
    const opened = answered(state, next(openRecord(LATER + 4_000), { by: "me", reopens: 2 }), "granted", own);
    expect(opened.recovery).toEqual({ ...NO_RECOVERY, reopens: 2 });
    expect(late(succeeded, own).state.recovery.reopens).toBe(2);
  });
});

describe("a probe that is released", () => {
  const byItself = { type: "probe-released", pauseMs: 0, byItself: true } as const;

  test("by what an operator's hold rejected does not nest", () => {
    const hold = { state: "open", untilMs: Infinity, record: {} as never } as const;
    expect(on({ ...probing, hold }, byItself).state.recovery.nests).toBe(false);
    expect(on(probing, byItself).state.recovery.nests).toBe(true);
  });
});

describe("an opening of this process that the store has as one that is over", () => {
  const mine = stateWith({ decision: decidedOpen({ base: 0, untilMs: LATER }) });
  const left = (record: State["record"], decision: State["decision"] = mine.decision): State["decision"] =>
    on({ ...mine, decision }, news(record)).state.decision;

  test("goes on for its own time: it was written before the store's clock was known", () => {
    expect(left(openRecord(NOW, { by: "me" }))).toEqual({ ...mine.decision, base: 40 });
  });

  test("is over where another's, an operator's or any in force took its place, or it closed", () => {
    expect(left(openRecord(NOW))).toEqual(NO_DECISION);
    expect(left(openRecord(LATER, { by: "me" }))).toEqual(NO_DECISION);
    const manual = decidedOpen({ base: 0, untilMs: LATER, manual: true });
    expect(left(openRecord(NOW, { by: "me" }), manual)).toEqual(NO_DECISION);
    const byMe = { ...closedRecord, record: { ...closedRecord.record, by: "me" } };
    expect(left(byMe)).toEqual(NO_DECISION);
    expect(left(openRecord(NOW, { by: "me" }), { ...decidedClosed, base: 7 })).toEqual(NO_DECISION);
  });
});

describe("a lease that comes when its probe has ended", () => {
  const granted = (passed: number) =>
    ({
      type: "lease",
      record: next(leasedRecord("mine", LATER), { passed }),
      outcome: "granted",
    }) as const;
  const passedOne = { ...isDue, decision: { ...decidedRelease, passed: 1 } };

  test("gets a probe that passed, where more have to", () => {
    const { state, effects } = on(passedOne, granted(0));
    expect(state.decision).toEqual({ kind: "released", base: 50, passed: 1 });
    expect(effects).toContainEqual({ type: "propose", delayMs: 0 });
  });

  test("and of nothing that it was written with", () => {
    const { state, effects } = on(passedOne, granted(1));
    expect(state.decision).toEqual(NO_DECISION);
    expect(effects).not.toContainEqual({ type: "propose", delayMs: 0 });
  });
});

describe("a longer time that a call from before asks for", () => {
  const asks = { type: "asked-for-longer", openMs: 2_000, storeDown: false } as const;
  const vote = decidedOpen({ visibility: "vote" });

  test("is the fleet's where that has it open, and this host's vote where not", () => {
    const fleets = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed", decision: vote });
    expect(on(fleets, asks).state.decision).toMatchObject({ visibility: "fleet", reason: "mine" });
    const ours = stateWith({ record: closedRecord, decision: vote });
    expect(on(ours, asks).state.decision).toMatchObject({ visibility: "vote" });
  });

  test("is not given where an operator opened it, also beside this process's own opening", () => {
    const record = openRecord(LATER, { manual: true });
    const state = stateWith({ record, remoteOpen: "obeyed", decision: vote });
    expect(on(state, asks).state).toBe(state);
  });
});

describe("what is announced as this process's own doing", () => {
  test("a lease of another is not, a closing of this process is", () => {
    const heard = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" });
    expect(on(heard, { type: "time" }, OWN, LATER).effects).toEqual([
      { type: "announce", state: "half-open", local: false },
    ]);
    const own = stateWith({ record: openRecord(LATER, { by: "me" }), remoteOpen: "obeyed" });
    expect(on(own, { type: "time" }, OWN, LATER).effects).toEqual([
      { type: "announce", state: "half-open", local: true },
    ]);
  });

  test("comes before the writes for the fleet", () => {
    const { effects } = on({ ...probing, probe: running(LATER, probing.epoch) }, succeeded);
    expect(effects).toEqual([
      { type: "announce", state: "closed", local: true },
      { type: "propose", delayMs: 0 },
    ]);
  });
});
