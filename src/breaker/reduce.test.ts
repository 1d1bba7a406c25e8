import { describe, expect, test } from "vitest";
import type { Verdict } from "./event.js";
import { isFirstProbe } from "./on-outcome.js";
import { stand, statusOf } from "./standing.js";
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

const tripped = { type: "tripped", opening: opening() } as const;
const released = { type: "probe-released", pauseMs: 0, byItself: false } as const;
const kindOf = (state: State, own = OWN, now = NOW): string => stand(state, now, own).kind;
/** The fleet's open time is over, and nobody has probed yet. */
const isDue = stateWith({ record: openRecord(NOW), remoteOpen: "obeyed" });
const probing = on(stateWith({ record: leasedRecord("mine", LATER), remoteOpen: "obeyed" }), aCall()).state;
const verdicts = (from: State, ...events: Parameters<typeof on>[1][]): (Verdict | undefined)[] => {
  let state = from;
  return events.map((event) => {
    const step = on(state, event);
    state = step.state;
    return step.verdict;
  });
};
const lost = { type: "lease", record: openRecord(NOW), outcome: "failed" } as const;

describe("1. what this process decided is obeyed here at once", () => {
  test.each([
    ["a trip", INITIAL, tripped],
    ["a probe that failed", probing, { type: "probe-failed", opening: opening() }],
    ["an operator", INITIAL, { type: "operator-opens", durationMs: 9, reason: "", storeDown: false }],
  ] as const)("%s", (_, state, event) => {
    expect(kindOf(on(state, event).state)).toBe("open");
    expect(on(on(state, event).state, aCall()).verdict).toBe("reject");
  });

  test("and by others only when the store has it: it is an effect, and no record", () => {
    const { state, effects } = on(INITIAL, tripped);
    expect(state.record).toBeUndefined();
    expect(effects).toEqual([
      { type: "announce", state: "open", local: true },
      { type: "propose", delayMs: 0 },
    ]);
  });
});

describe("2. whatever opens, closes or holds begins an epoch", () => {
  const hold = { state: "open", untilMs: Infinity, record: {} as never } as const;

  test.each([
    ["a trip", INITIAL, tripped],
    ["a trip elsewhere", INITIAL, news(openRecord(LATER))],
    ["a close elsewhere", isDue, news(next(closedRecord))],
    ["a probe", isDue, aCall({ storeFails: true })],
    ["a probe that succeeded", probing, { type: "probe-succeeded" }],
    ["a probe that is released", probing, released],
    ["a hold", INITIAL, { type: "hold", hold }],
    ["an operator's reset", isDue, { type: "operator-wrote", record: closedRecord }],
    ["another's lease", isDue, news(next(leasedRecord("x", LATER)))],
  ] as const)("%s", (_, state, event) => {
    expect(on(state, event).state.epoch).toBeGreaterThan(state.epoch);
  });

  test("one step begins one at most", () => {
    expect(on(INITIAL, tripped).state.epoch).toBe(1);
    expect(on(INITIAL, news(openRecord(LATER))).state.epoch).toBe(1);
    expect(on(INITIAL, { type: "hold", hold }).state.epoch).toBe(1);
  });

  test("votes and renewals, which are no transition, begin none", () => {
    const state = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" });
    const renewed = { ...next(openRecord(LATER)), record: { ...openRecord(LATER).record, revision: 50 } };
    const after = on(state, news(renewed)).state;
    expect(after.epoch).toBe(state.epoch);
    expect(after.record).toBe(renewed);
  });
});

describe("3. one probe at a time runs here", () => {
  test("others are rejected until its lease ends; then the next call probes, and its result alone counts", () => {
    const first = on(isDue, aCall({ storeFails: true }));
    expect(first.verdict).toBe("probe");
    expect(on(first.state, aCall({ storeFails: true })).verdict).toBe("reject");
    const later = NOW + 10_000;
    expect(on(first.state, aCall({ storeFails: true }), OWN, later - 1).verdict).toBe("reject");
    const second = on(first.state, aCall({ storeFails: true }), OWN, later);
    expect(second.verdict).toBe("probe");
    expect(second.state.probe).toMatchObject({ kind: "running", epoch: second.state.epoch });
    expect(second.state.epoch).toBeGreaterThan(first.state.epoch);
  });

  test("and only while no other lease is known to run", () => {
    const state = stateWith({ record: leasedRecord("x", LATER), remoteOpen: "obeyed" });
    for (const event of [aCall(), aSyncCall(), aCall({ storeFails: true }), aCall({ asked: true })])
      expect(on(state, event).verdict).toBe("reject");
  });

  test("it ends when another's lease is heard of", () => {
    const local = on(isDue, aCall({ storeFails: true })).state;
    expect(on(local, news(next(leasedRecord("x", LATER)))).state.probe).toEqual(NO_PROBE);
  });

  test("while a caller waits for its lease nobody else is admitted", () => {
    expect(verdicts(isDue, aCall(), aCall(), aSyncCall())).toEqual(["ask", "reject", "reject"]);
  });
});

describe("4. a probe that ends gives its lease up", () => {
  test("it closes when it succeeded", () => {
    const { state, effects } = on(probing, { type: "probe-succeeded" });
    expect(state).toMatchObject({ decision: decidedClosed, probe: NO_PROBE, announced: "closed" });
    expect(effects).toContainEqual({ type: "propose", delayMs: 0 });
  });

  test("it opens when it failed, once more in a row", () => {
    const { state } = on(probing, { type: "probe-failed", opening: opening({ cause: "why" }) });
    const opened = { kind: "opened", base: 40, reopens: 2, untilMs: NOW + OPEN_MS, durationMs: OPEN_MS };
    expect(state).toMatchObject({ decision: opened, probe: NO_PROBE, cause: "why" });
    expect(state.recovery).toEqual({ ...NO_RECOVERY, reopens: 2 });
  });

  test("it goes back when it ended as neither, or more have to succeed", () => {
    expect(on(probing, released).state.decision).toEqual(decidedRelease);
    const one = on(probing, { type: "probe-succeeded" }, ownWith({ probes: 3 }));
    expect(one.state.decision).toEqual({ ...decidedRelease, passed: 1 });
    expect(one.effects).toContainEqual({ type: "propose", delayMs: 0 });
    const two = on(
      { ...one.state, probe: running(LATER) },
      { type: "probe-succeeded" },
      ownWith({ probes: 3 }),
    );
    expect(two.state.decision).toEqual({ ...decidedRelease, passed: 2 });
    const last = on(
      { ...two.state, probe: running(LATER) },
      { type: "probe-succeeded" },
      ownWith({ probes: 3 }),
    );
    expect(last.state.decision.kind).toBe("closed");
    expect(on(one.state, released, ownWith({ probes: 3 })).state.decision).toMatchObject({ passed: 1 });
  });

  test("the probes that passed elsewhere count", () => {
    const record = leasedRecord("mine", LATER);
    const passed = { ...record, record: { ...record.record, passed: 1 } };
    const state = { ...probing, record: passed };
    expect(on(state, { type: "probe-succeeded" }, ownWith({ probes: 2 })).state.decision.kind).toBe("closed");
    expect(on(state, released).state.decision).toMatchObject({ passed: 1 });
  });
});

describe("5. only a probe that succeeded, an operator, or the fleet's record closes what was open", () => {
  test.each([
    ["time", { type: "time" }],
    ["a call", aCall()],
    ["a lease that did not come", lost],
    ["news of nothing", news(openRecord(NOW))],
  ] as const)("not %s", (_, event) => {
    expect(kindOf(on(isDue, event).state)).not.toBe("closed");
  });

  test("the fleet's record does, and what went before is over", () => {
    const { state, effects } = on({ ...isDue, cause: "why" }, news(next(closedRecord)));
    expect(state).toMatchObject({ announced: "closed", admits: "closed", cause: undefined });
    expect(effects).toEqual([{ type: "announce", state: "closed", local: false }]);
  });
});

describe("6. at most one call is rejected because no lease came, until it opens again", () => {
  test("a caller that can wait is rejected when its lease does not come in time; a moment later the next one probes", () => {
    const waiting = on(isDue, aCall()).state;
    const late = on(waiting, aCall({ asked: true }), OWN, NOW + 50);
    expect(late.verdict).toBe("reject");
    expect(on(late.state, aCall(), OWN, NOW + 249).verdict).toBe("reject");
    expect(on(late.state, aCall(), OWN, NOW + 250).verdict).toBe("probe");
  });

  test("so it is with callers that can't wait", () => {
    expect(verdicts(isDue, aSyncCall(), aSyncCall({ asked: true }), aSyncCall())).toEqual([
      "ask",
      "reject",
      "probe",
    ]);
  });

  test("a caller with a timer that fires a moment early is not rejected by its own request", () => {
    const waiting = on(isDue, aCall()).state;
    expect(waiting.probe).toEqual({ kind: "waiting", untilMs: NOW + 50 });
    const early = on(waiting, aCall({ asked: true }), OWN, NOW + 49.7);
    expect(early).toMatchObject({ verdict: "reject", state: { recovery: { unserved: true } } });
    expect(on(early.state, aCall(), OWN, NOW + 250).verdict).toBe("probe");
  });

  test("where the lease came it probes", () => {
    const waiting = on(isDue, aCall()).state;
    const granted = on(waiting, {
      type: "lease",
      record: next(leasedRecord("mine", LATER)),
      outcome: "granted",
    });
    expect(granted.state).toMatchObject({ leaseRequested: false, probe: NO_PROBE });
    const probe = on(granted.state, aCall({ asked: true }));
    expect(probe.verdict).toBe("probe");
    expect(probe.state.probe).toMatchObject({ untilMs: LATER });
  });

  test("a request that fails at once makes its caller the probe", () => {
    expect(verdicts(isDue, aCall(), lost, aCall({ asked: true, storeFails: true }))).toEqual([
      "ask",
      undefined,
      "probe",
    ]);
  });

  test("a caller that can't wait probes at once where a lease went unused before, and asks for it", () => {
    const state = stateWith({ record: leasedRecord("x", NOW), remoteOpen: "obeyed" });
    const { verdict, effects } = on(state, aSyncCall({ callTimeoutMs: 7 }));
    expect(verdict).toBe("probe");
    expect(effects).toContainEqual({ type: "ask-for-lease", callTimeoutMs: 7 });
    expect(on(state, aCall()).verdict).toBe("ask");
  });

  test("one request is on its way at a time", () => {
    const asked = on(isDue, aCall()).state;
    const again = on(asked, aCall(), OWN, NOW + 50);
    expect(again.verdict).toBe("ask");
    expect(again.effects).toEqual([]);
  });

  test("when it opens again it begins anew", () => {
    const rejected = play(isDue, [aCall(), aCall({ asked: true })]);
    expect(rejected.recovery.unserved).toBe(true);
    expect(on(rejected, news(next(openRecord(LATER)))).state.recovery).toEqual(NO_RECOVERY);
    expect(on(rejected, news(next(closedRecord))).state.recovery).toEqual(NO_RECOVERY);
    expect(on(rejected, news(next(leasedRecord("x", NOW)))).state.recovery.unserved).toBe(true);
    expect(on(rejected, tripped).state.recovery).toEqual(NO_RECOVERY);
  });
});

describe("7. a lease without an outcome makes the next one longer", () => {
  test("also where this process's own probes lapse, with no store", () => {
    const offline = aCall({ storeFails: true });
    const first = on(isDue, offline).state;
    expect(first.probe).toMatchObject({ untilMs: NOW + 10_000 });
    const second = on(first, offline, OWN, NOW + 10_000).state;
    expect(second.probe).toMatchObject({ untilMs: NOW + 30_000 });
    expect(second.recovery.lapses).toBe(1);
    const third = on(second, offline, OWN, NOW + 30_000).state;
    expect(third.probe).toMatchObject({ untilMs: NOW + 70_000 });
  });

  test("a probe that was released had an outcome", () => {
    const second = play(
      on(isDue, aCall({ storeFails: true })).state,
      [aCall({ storeFails: true })],
      OWN,
      NOW + 10_000,
    );
    expect(on(second, released, OWN, NOW + 10_000).state.recovery.lapses).toBe(0);
  });

  test("by the call's own deadline where it has one", () => {
    const { state } = on(isDue, aCall({ storeFails: true, callTimeoutMs: 300 }));
    expect(state.probe).toMatchObject({ untilMs: NOW + 1_300 });
  });
});

describe("8. every step leads on", () => {
  test("the next call probes after a release, a lapse, a lost request, a pause and a failure", () => {
    const later = NOW + 100_000;
    const starts = [
      on(probing, released).state,
      on(isDue, aCall({ storeFails: true })).state,
      play(isDue, [aCall(), lost]),
      on(probing, { type: "probe-released", pauseMs: 400, byItself: false }).state,
      on(probing, { type: "probe-failed", opening: opening() }).state,
    ];
    for (const state of starts) {
      let seen = state;
      const met = [aCall(), aCall({ asked: true }), aCall()].map((event) => {
        const step = on(seen, event, OWN, later);
        seen = step.state;
        return step.verdict;
      });
      expect(met).toContain("probe");
    }
  });
});

describe("a call", () => {
  test("is admitted while closed, and changes nothing", () => {
    const { state, verdict, effects } = on(INITIAL, aCall());
    expect([state, verdict, effects]).toEqual([INITIAL, "closed", []]);
    expect(state).toBe(INITIAL);
  });

  test("from within the probe belongs to it", () => {
    expect(on(probing, aCall({ withinProbe: true })).verdict).toBe("nested");
    expect(on(isDue, aCall({ withinProbe: true })).verdict).toBe("nested");
    const open = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" });
    expect(on(open, aCall({ withinProbe: true })).verdict).toBe("reject");
  });

  test("belongs to the probe too where the function was seen to call itself, while the probe runs", () => {
    const nests = on(probing, { type: "probe-released", pauseMs: 0, byItself: true }).state;
    expect(nests.recovery.nests).toBe(true);
    expect(on({ ...nests, probe: running(LATER) }, aCall()).verdict).toBe("nested");
    expect(on({ ...nests, probe: { kind: "waiting", untilMs: LATER } }, aCall()).verdict).toBe("reject");
    const over = { ...nests, probe: running(NOW), recovery: { ...nests.recovery, pausedUntilMs: LATER } };
    expect(on(over, aCall()).verdict).toBe("reject");
  });

  test("probes by itself where the opening is this process's alone", () => {
    const alone = stateWith({ decision: decidedOpen({ base: 0, untilMs: NOW }) });
    const { verdict, effects } = on(alone, aCall());
    expect(verdict).toBe("probe");
    expect(effects).not.toContainEqual(expect.objectContaining({ type: "ask-for-lease" }));
  });

  test("does not take a lease of this process that is over", () => {
    const over = stateWith({ record: leasedRecord("mine", NOW), remoteOpen: "obeyed" });
    expect(on(over, aCall()).verdict).toBe("ask");
  });
});

describe("recovery: all", () => {
  const own = ownWith({ recovery: "all" });

  test("closes at the first call after the time is up, by nobody's probe, and tells nobody", () => {
    const state = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" }, own);
    const { state: after, verdict, effects } = on(state, aCall(), own, LATER);
    expect(verdict).toBe("closed");
    expect(after.decision).toEqual({ kind: "closed", base: 40, reason: "", localOnly: true });
    expect(effects).toEqual([{ type: "announce", state: "closed", local: true }]);
    expect(after.epoch).toBe(state.epoch + 1);
    const again = on(after, aCall(), own, LATER);
    expect(again.state).toBe(after);
  });

  test("also circuits that this process opened alone; closed ones stay as they are", () => {
    const alone = on(INITIAL, tripped, own).state;
    const { state } = on(alone, aCall(), own, NOW + OPEN_MS);
    expect(state.decision).toEqual({ kind: "closed", base: 0, reason: "", localOnly: true });
    expect(on(stateWith({ record: closedRecord }, own), aCall(), own).state.decision).toEqual(NO_DECISION);
  });
});

describe("a trip", () => {
  const decisionOf = (own = OWN, changes = {}): State["decision"] =>
    on(INITIAL, { type: "tripped", opening: opening(changes) }, own).state.decision;

  test("opens for the circuit's own time, or what the failure asks for", () => {
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

  test("is the fleet's, this host's vote, or nobody else's", () => {
    expect(decisionOf(ownWith({ quorum: 2 }))).toMatchObject({ visibility: "vote" });
    expect(decisionOf(ownWith({ quorum: 2 }), { ofThisHost: true })).toMatchObject({ visibility: "here" });
    expect(decisionOf(ownWith({ scope: "process" }))).toMatchObject({ visibility: "here" });
    expect(decisionOf(ownWith({ mode: "shadow" }))).toMatchObject({ visibility: "here" });
  });

  test("a vote goes out after a while, unless it has a lease to give back", () => {
    const own = ownWith({ quorum: 2 });
    expect(on(INITIAL, tripped, own).effects).toContainEqual({ type: "propose", delayMs: 100 });
    const failed = { type: "probe-failed", opening: opening() } as const;
    expect(on(probing, failed, own).effects).toContainEqual({ type: "propose", delayMs: 0 });
  });

  test("reopens for longer with back-off, as far as this process or the fleet knows", () => {
    const own = ownWith({ backoffFactor: 2 });
    const failed = { type: "probe-failed", opening: opening() } as const;
    const first = on(stateWith({ probe: running(LATER) }, own), failed, own).state;
    expect(first.decision).toMatchObject({ reopens: 1, durationMs: 2_000 });
    const second = on({ ...first, probe: running(LATER), decision: NO_DECISION }, failed, own).state;
    expect(second.decision).toMatchObject({ reopens: 2, durationMs: 4_000 });
    expect(on(probing, failed, own).state.decision).toMatchObject({ reopens: 2, durationMs: 4_000 });
  });
});

describe("a probe that is released", () => {
  test("keeps others from probing for its pause, the open time at most", () => {
    const pause = (pauseMs: number, byItself = false): State["recovery"] =>
      on(probing, { type: "probe-released", pauseMs, byItself }).state.recovery;
    expect(pause(400)).toMatchObject({ pausedUntilMs: NOW + 400, nests: false });
    expect(pause(99_000)).toMatchObject({ pausedUntilMs: NOW + OPEN_MS });
    expect(pause(400, true)).toMatchObject({ pausedUntilMs: NOW, nests: true });
    const nesting = { ...probing, recovery: { ...NO_RECOVERY, nests: true } };
    expect(on(nesting, released).state.recovery.nests).toBe(true);
  });
});

describe("a call from before that asks for longer", () => {
  const asks = (openMs: number, storeDown = false) =>
    ({ type: "asked-for-longer", openMs, storeDown }) as const;
  const open = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" });

  test("makes the open time longer, for the fleet", () => {
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

  test("and never shorter, and changes nothing that is not open or that an operator opened", () => {
    expect(on(open, asks(500)).state).toBe(open);
    expect(on(isDue, asks(2_000)).state).toBe(isDue);
    const manual = stateWith({ record: openRecord(LATER, { manual: true }), remoteOpen: "obeyed" });
    expect(on(manual, asks(2_000)).state).toBe(manual);
    const mine = stateWith({ decision: decidedOpen({ base: 0, manual: true }) });
    expect(on(mine, asks(2_000)).state).toBe(mine);
  });

  test("keeps the reason and the count of what this process opened, and whom it tells", () => {
    const mine = stateWith({ decision: decidedOpen({ base: 0, reopens: 3, visibility: "here" }) });
    expect(on(mine, asks(2_000)).state.decision).toMatchObject({
      reason: "mine",
      reopens: 3,
      visibility: "here",
    });
  });
});

describe("the first probe since it tripped", () => {
  test("is one that no other came before, failed or passed", () => {
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

describe("news of the fleet's record", () => {
  test("voids a decision of an earlier generation, and keeps one made offline", () => {
    const mine = stateWith({ decision: decidedOpen({ base: 39 }) });
    expect(on(mine, news(closedRecord)).state.decision).toEqual(NO_DECISION);
    const offline = stateWith({ decision: decidedOpen({ base: 0, madeOffline: true }) });
    expect(on(offline, news(closedRecord)).state.decision).toBe(offline.decision);
  });

  test("goes on with an opening that was made before any record was known, under one that others had closed before", () => {
    const opening = decidedOpen({ base: 0, untilMs: NOW + 400, durationMs: 1_000 });
    const first = stateWith({ decision: opening });
    const old = { ageMs: 60_000 };
    expect(on(first, news(closedRecord, old)).state.decision).toEqual({ ...opening, base: 40 });
    const since = { ageMs: 600 + 2_500 };
    expect(on(first, news(closedRecord, since)).state.decision).toEqual(NO_DECISION);
    const byMe = { ...closedRecord, record: { ...closedRecord.record, by: "me" } };
    expect(on(first, news(byMe, old)).state.decision).toEqual(NO_DECISION);
    const over = stateWith({ decision: { ...opening, untilMs: NOW } });
    expect(on(over, news(closedRecord, old)).state.decision).toEqual(NO_DECISION);
  });

  test("of this process's own lease, granted late, is for the probe that it began meanwhile", () => {
    const local = on(isDue, aCall({ storeFails: true })).state;
    const mine = next(leasedRecord("mine", NOW + 20_000));
    const adopted = on(local, news(mine)).state;
    expect(adopted.probe).toEqual({ ...local.probe, untilMs: NOW + 20_000 });
    expect(adopted.epoch).toBe(local.epoch);
    const shorter = on(local, news(next(leasedRecord("mine", NOW + 5)))).state;
    expect(shorter.probe).toEqual(local.probe);
    const ended = on(local, news(mine), OWN, NOW + 10_000).state;
    expect(ended.probe).toEqual(NO_PROBE);
    const unknown = on(
      { ...isDue, probe: running(LATER), decision: { ...decidedRelease, base: 50 } },
      news(mine),
    ).state;
    expect(unknown.probe).toEqual(NO_PROBE);
  });

  test("delays the attempt where no swap decides, by its own share of the open time", () => {
    const heard = on(INITIAL, news(openRecord(NOW), { random: 0.5 })).state;
    expect(heard.attemptDelayMs).toBe(50);
    expect(on(heard, news(openRecord(NOW - 1), { random: 0.9 })).state.attemptDelayMs).toBe(50);
    expect(on(heard, news(undefined, { random: 0.9 })).state.attemptDelayMs).toBe(0);
  });

  test("is announced as it stands: open, half-open while another probes, closed", () => {
    const heard = (record: State["record"]): unknown => on(INITIAL, news(record)).effects;
    expect(heard(openRecord(LATER))).toEqual([{ type: "announce", state: "open", local: false }]);
    expect(heard(leasedRecord("x", LATER))).toEqual([{ type: "announce", state: "half-open", local: false }]);
    expect(heard(closedRecord)).toEqual([]);
    const own = openRecord(LATER, { by: "me" });
    expect(heard(own)).toEqual([{ type: "announce", state: "open", local: true }]);
  });
});

describe("whether another's trip is obeyed", () => {
  const confirm = ownWith({ scope: "confirm" });
  const theirs = openRecord(LATER);

  test("with scope: confirm, once a failure here confirms it", () => {
    const heard = on(INITIAL, news(theirs), confirm).state;
    expect(heard.remoteOpen).toBe("unconfirmed");
    expect(on(heard, aCall(), confirm).verdict).toBe("closed");
    const { state } = on(heard, { type: "confirmed", cause: "why" }, confirm);
    expect(state).toMatchObject({ remoteOpen: "obeyed", cause: "why", announced: "open" });
    expect(state.epoch).toBe(heard.epoch + 1);
  });

  test("with scope: confirm, once calls here trip it, which writes nothing", () => {
    const heard = on(INITIAL, news(theirs), confirm).state;
    const { state, effects } = on(heard, tripped, confirm);
    expect(state).toMatchObject({ remoteOpen: "obeyed", decision: NO_DECISION, announced: "open" });
    expect(effects).toEqual([{ type: "announce", state: "open", local: false }]);
    const over = on(on(INITIAL, news(openRecord(NOW)), confirm).state, tripped, confirm);
    expect(over.state).toMatchObject({ remoteOpen: "obeyed", decision: { kind: "opened", base: 40 } });
    expect(over.effects).toContainEqual({ type: "propose", delayMs: 0 });
  });

  test("or while calls here succeed so well that it is doubted", () => {
    expect(on(INITIAL, news(theirs, { doubts: true })).state.remoteOpen).toBe("unconfirmed");
    expect(on(INITIAL, news(theirs)).state.remoteOpen).toBe("obeyed");
  });

  test("at once: an operator's, this process's own, and what it obeys already", () => {
    expect(on(INITIAL, news(openRecord(LATER, { manual: true })), confirm).state.remoteOpen).toBe("obeyed");
    expect(on(INITIAL, news(openRecord(LATER, { by: "me" })), confirm).state.remoteOpen).toBe("obeyed");
    const open = on(INITIAL, tripped, confirm).state;
    expect(on(open, news(theirs), confirm).state.remoteOpen).toBe("obeyed");
    const obeyed = stateWith({ record: theirs, remoteOpen: "obeyed" }, confirm);
    const probes = news(next(leasedRecord("x", LATER)), { doubts: true });
    expect(on(obeyed, probes, confirm).state.remoteOpen).toBe("obeyed");
  });

  test("what is closed is to be seen anew", () => {
    const obeyed = stateWith({ record: theirs, remoteOpen: "obeyed" }, confirm);
    expect(on(obeyed, news(next(closedRecord)), confirm).state.remoteOpen).toBe("unseen");
    expect(on(obeyed, news(undefined), confirm).state.remoteOpen).toBe("unseen");
  });
});

describe("a hold", () => {
  const hold = (state: "open" | "closed", untilMs = Infinity) => ({ state, untilMs, record: {} as never });

  test("comes before everything, and is announced when it begins and ends", () => {
    const open = on(INITIAL, { type: "hold", hold: hold("open") });
    expect(open.effects).toEqual([{ type: "announce-hold", hold: hold("open") }]);
    expect(open.state.admits).toBe("nothing");
    expect(on(open.state, aCall()).verdict).toBe("reject");
    const closed = on(isDue, { type: "hold", hold: hold("closed") });
    expect(closed.state.admits).toBe("held");
    expect(on(closed.state, aCall()).verdict).toBe("held");
    expect(on(open.state, { type: "hold", hold: undefined }).effects).toEqual([{ type: "announce-release" }]);
  });

  test("is announced also where calls meet the same as before", () => {
    const open = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" });
    const held = on(open, { type: "hold", hold: hold("open") });
    expect(held.effects).toEqual([{ type: "announce-hold", hold: hold("open") }]);
    expect(on(held.state, { type: "hold", hold: undefined }).effects).toEqual([{ type: "announce-release" }]);
  });

  test("that is over when it is heard of is none", () => {
    const { state, effects } = on(INITIAL, { type: "hold", hold: hold("open", NOW) });
    expect([state.hold, effects]).toEqual([undefined, []]);
  });

  test("ends by itself", () => {
    const { state } = on(INITIAL, { type: "hold", hold: hold("open", LATER) });
    expect(on(state, { type: "time" }, OWN, LATER - 1).state).toBe(state);
    const over = on(state, { type: "time" }, OWN, LATER);
    expect(over.state).toMatchObject({ hold: undefined, admits: "closed" });
    expect(over.effects).toEqual([{ type: "announce-release" }]);
  });
});

describe("the answer to a request for the lease", () => {
  const mine = next(leasedRecord("mine", NOW + 20_000));
  const granted = { type: "lease", record: mine, outcome: "granted" } as const;

  test("grants it to the next call, and what was decided before is over", () => {
    const { state } = on({ ...isDue, leaseRequested: true, decision: decidedRelease }, granted);
    expect(state).toMatchObject({ record: mine, leaseRequested: false, decision: NO_DECISION });
  });

  test("or to the probe that began meanwhile", () => {
    const local = play(isDue, [aSyncCall(), aSyncCall({ asked: true }), aSyncCall()]);
    expect(local.leaseRequested).toBe(true);
    expect(on(local, granted).state.probe).toEqual({ ...local.probe, untilMs: NOW + 20_000 });
  });

  test("what a probe found out meanwhile is said under the lease", () => {
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

  test("refused, or overtaken, it leaves things as they are", () => {
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

  test("granted, the decision is the fleet's", () => {
    expect(answered(mine, "granted", theirOpen)).toMatchObject({ decision: NO_DECISION, record: theirOpen });
    const closing = stateWith({ record: openRecord(NOW), remoteOpen: "obeyed", decision: decidedClosed });
    expect(answered(closing, "granted", next(closedRecord)).decision).toEqual(NO_DECISION);
  });

  test("a vote leaves the opening as it is, under what it was written beside", () => {
    expect(answered(mine, "granted", closedRecord).decision).toEqual({ ...mine.decision, base: 40 });
    expect(answered(mine, "granted", openRecord(NOW)).decision).toEqual({ ...mine.decision, base: 40 });
    expect(answered(mine, "granted", leasedRecord("x", LATER)).decision).toEqual({
      ...mine.decision,
      base: 40,
    });
  });

  test("what was decided since goes on", () => {
    expect(answered(mine, "granted", theirOpen, decidedRelease).decision).toEqual({
      ...mine.decision,
      base: 40,
    });
    expect(answered(mine, "unneeded", undefined, decidedRelease).decision).toBe(mine.decision);
  });

  test("failed, an opening counts as made offline", () => {
    expect(answered(mine, "failed").decision).toEqual({ ...mine.decision, madeOffline: true });
    const closing = stateWith({ record: openRecord(NOW), remoteOpen: "obeyed", decision: decidedClosed });
    expect(answered(closing, "failed").decision).toBe(closing.decision);
  });

  test("unneeded, only an opening or a release of which the fleet knows nothing goes on", () => {
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

  test("where nothing is decided any more only the record is new", () => {
    expect(answered(INITIAL, "granted", closedRecord)).toEqual({ ...INITIAL, record: closedRecord });
  });
});

describe("an operator", () => {
  test("opens it here, whatever was decided before", () => {
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

  test("has the last word when the store has it", () => {
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

describe("what is announced", () => {
  const announced = (changes: Partial<State>, now = NOW): string =>
    on({ ...INITIAL, ...changes }, { type: "time" }, OWN, now).state.announced;

  test("open during the open time, half-open after it, also while a probe runs", () => {
    const record = openRecord(NOW);
    expect(announced({ record: openRecord(LATER) })).toBe("open");
    expect(announced({ decision: decidedOpen({ base: 0 }) })).toBe("open");
    expect(announced({ record })).toBe("half-open");
    expect(announced({ record, probe: running(LATER) })).toBe("half-open");
    expect(announced({ record, decision: decidedRelease })).toBe("half-open");
    expect(announced({ record: releasedRecord })).toBe("half-open");
    expect(announced({ decision: decidedOpen({ base: 0, untilMs: NOW }) })).toBe("half-open");
    expect(announced({ recovery: { ...NO_RECOVERY, pausedUntilMs: LATER } })).toBe("closed");
  });

  test("once", () => {
    const open = on(INITIAL, tripped).state;
    expect(on(open, { type: "time" }).effects).toEqual([]);
    expect(on(open, { type: "time" }).state).toBe(open);
  });

  test("as another's doing where neither a decision nor the record is this process's", () => {
    const heard = on(INITIAL, news(leasedRecord("x", LATER)));
    expect(heard.effects).toContainEqual({ type: "announce", state: "half-open", local: false });
    const closing = on(probing, { type: "probe-succeeded" });
    expect(closing.effects).toContainEqual({ type: "announce", state: "closed", local: true });
  });
});

describe("a circuit that is tried by its own check", () => {
  const checked = ownWith({}, true);
  const aCheck = (changes: Parameters<typeof aCall>[0] = {}) =>
    aCall({ waitMs: 5_500, byCheck: true, ...changes });

  test("rejects every call until the check closed it, and says so", () => {
    const { state, verdict } = on(isDue, aCall({ storeFails: true }), checked);
    expect([verdict, state.recovery.unserved]).toEqual(["reject", false]);
    expect(statusOf(isDue, NOW, checked).retryAfterMs).toBeGreaterThan(0);
    expect(statusOf(isDue, NOW, OWN).retryAfterMs).toBe(0);
  });

  test("lets the check ask for the lease, wait for it, and probe", () => {
    const asked = on(isDue, aCheck(), checked);
    expect([asked.verdict, asked.effects]).toEqual(["ask", [{ type: "ask-for-lease", callTimeoutMs: 0 }]]);
    expect(on(asked.state, aCall(), checked).verdict).toBe("reject");
    const granted = on(
      asked.state,
      { type: "lease", record: next(leasedRecord("mine", LATER)), outcome: "granted" },
      checked,
    ).state;
    const probe = on(granted, aCheck({ asked: true }), checked);
    expect([probe.verdict, probe.state.probe]).toEqual(["probe", running(LATER, probe.state.epoch)]);
    expect(on(probe.state, aCall({ withinProbe: true }), checked).verdict).toBe("nested");
  });

  test("without the lease the check comes again, and no process loses its one call", () => {
    const asked = on(isDue, aCheck(), checked).state;
    const late = on(asked, aCheck({ asked: true }), checked);
    expect([late.verdict, late.state.recovery.unserved]).toEqual(["reject", false]);
    const unserved = { ...isDue, recovery: { ...NO_RECOVERY, unserved: true } };
    expect(on(unserved, aCheck(), checked).verdict).toBe("ask");
    const lapsed = stateWith({ record: leasedRecord("x", NOW), remoteOpen: "obeyed" });
    expect(on(lapsed, aCheck(), checked).verdict).toBe("ask");
  });

  test("checks by itself if the store fails, or if no other process knows that it is open", () => {
    expect(on(isDue, aCheck({ storeFails: true }), checked).verdict).toBe("probe");
    const here = stateWith({ decision: decidedOpen({ base: 0, untilMs: NOW }) }, checked);
    expect(on(here, aCheck(), checked).verdict).toBe("probe");
  });
});
