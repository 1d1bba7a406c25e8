import { describe, expect, test } from "vitest";
import type { CallAnswer } from "./event.js";
import { standingOf } from "./standing.js";
import {
  aCall,
  aSyncCall,
  closedRecord,
  decidedClosed,
  decidedRelease,
  isDue,
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
  probing,
  released,
  running,
  stateWith,
  succeeded,
  tripped,
} from "./state.fixture.js";
import { INITIAL, NO_PROBE, NO_RECOVERY, type State } from "./state.js";

const kindOf = (state: State, own = OWN, now = NOW): string => standingOf(state, now, own).kind;
const lost = { type: "lease", record: openRecord(NOW), outcome: "failed" } as const;

const answers = (from: State, ...events: Parameters<typeof on>[1][]): (CallAnswer | undefined)[] => {
  let state = from;
  return events.map((event) => {
    const step = on(state, event);
    state = step.state;
    return step.answer;
  });
};

describe("1. a decision of this process is obeyed here at once", () => {
  test.each([
    ["a trip", INITIAL, tripped],
    ["a probe that failed", probing, { type: "probe-failed", opening: opening() }],
    ["an operator", INITIAL, { type: "operator-opens", durationMs: 9, reason: "", storeDown: false }],
  ] as const)("%s", (_, state, event) => {
    expect(kindOf(on(state, event).state)).toBe("open");
    expect(on(on(state, event).state, aCall()).answer).toBe("reject");
  });

  test("is proposed to the fleet as an effect, and makes no record", () => {
    const { state, effects } = on(INITIAL, tripped);
    expect(state.record).toBeUndefined();
    expect(effects).toEqual([
      { type: "announce", state: "open", local: true },
      { type: "propose", delayMs: 0 },
    ]);
  });
});

describe("2. opening, closing and holding begin an epoch", () => {
  const hold = { state: "open", untilMs: Infinity, record: {} as never } as const;

  test.each([
    ["a trip", INITIAL, tripped],
    ["a trip elsewhere", INITIAL, news(openRecord(LATER))],
    ["a close elsewhere", isDue, news(next(closedRecord))],
    ["a probe", isDue, aCall({ storeFails: true })],
    ["a probe that succeeded", probing, succeeded],
    ["a probe that is released", probing, released],
    ["a hold", INITIAL, { type: "hold", hold }],
    ["an operator's reset", isDue, { type: "operator-wrote", record: closedRecord }],
    ["another's lease", isDue, news(next(leasedRecord("x", LATER)))],
  ] as const)("%s", (_, state, event) => {
    expect(on(state, event).state.epoch).toBeGreaterThan(state.epoch);
  });

  test("one event begins at most one epoch", () => {
    expect(on(INITIAL, tripped).state.epoch).toBe(1);
    expect(on(INITIAL, news(openRecord(LATER))).state.epoch).toBe(1);
    expect(on(INITIAL, { type: "hold", hold }).state.epoch).toBe(1);
  });

  test("votes and renewals begin no epoch", () => {
    const state = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" });
    const renewed = { ...next(openRecord(LATER)), record: { ...openRecord(LATER).record, revision: 50 } };
    const after = on(state, news(renewed)).state;
    expect(after.epoch).toBe(state.epoch);
    expect(after.record).toBe(renewed);
  });
});

describe("3. one probe at a time runs here", () => {
  test("other calls are rejected until its lease ends; then the next call probes, and only that result counts", () => {
    const first = on(isDue, aCall({ storeFails: true }));
    expect(first.answer).toBe("probe");
    expect(on(first.state, aCall({ storeFails: true })).answer).toBe("reject");
    const later = NOW + 10_000;
    expect(on(first.state, aCall({ storeFails: true }), OWN, later - 1).answer).toBe("reject");
    const second = on(first.state, aCall({ storeFails: true }), OWN, later);
    expect(second.answer).toBe("probe");
    expect(second.state.probe).toMatchObject({ kind: "running", epoch: second.state.epoch });
    expect(second.state.epoch).toBeGreaterThan(first.state.epoch);
  });

  test("no probe starts while another process's lease is known to run", () => {
    const state = stateWith({ record: leasedRecord("x", LATER), remoteOpen: "obeyed" });
    for (const event of [aCall(), aSyncCall(), aCall({ storeFails: true }), aCall({ asked: true })])
      expect(on(state, event).answer).toBe("reject");
  });

  test("the probe ends when another process's lease arrives", () => {
    const local = on(isDue, aCall({ storeFails: true })).state;
    expect(on(local, news(next(leasedRecord("x", LATER)))).state.probe).toEqual(NO_PROBE);
  });

  test("no other call is admitted while a caller waits for its lease", () => {
    expect(answers(isDue, aCall(), aCall(), aSyncCall())).toEqual(["ask", "reject", "reject"]);
  });
});

describe("4. a probe that ends gives its lease up", () => {
  test("the circuit closes if it succeeded", () => {
    const { state, effects } = on(probing, succeeded);
    expect(state).toMatchObject({ decision: decidedClosed, probe: NO_PROBE, announced: "closed" });
    expect(effects).toContainEqual({ type: "propose", delayMs: 0 });
  });

  test("the circuit opens if it failed, with one more reopening", () => {
    const { state } = on(probing, { type: "probe-failed", opening: opening({ cause: "why" }) });
    const opened = { kind: "opened", base: 40, reopens: 2, untilMs: NOW + OPEN_MS, durationMs: OPEN_MS };
    expect(state).toMatchObject({ decision: opened, probe: NO_PROBE, cause: "why" });
    expect(state.recovery).toEqual({ ...NO_RECOVERY, reopens: 2 });
  });

  test("the lease is released if it ended as neither, or if more probes have to succeed", () => {
    expect(on(probing, released).state.decision).toEqual(decidedRelease);
    const own = ownWith({ probes: 3 });
    const one = on(probing, succeeded, own);
    expect(one.state.decision).toEqual({ ...decidedRelease, passed: 1 });
    expect(one.effects).toContainEqual({ type: "propose", delayMs: 0 });
    const two = on({ ...one.state, probe: running(LATER) }, succeeded, own);
    expect(two.state.decision).toEqual({ ...decidedRelease, passed: 2 });
    const last = on({ ...two.state, probe: running(LATER) }, succeeded, own);
    expect(last.state.decision.kind).toBe("closed");
    expect(on(one.state, released, own).state.decision).toMatchObject({ passed: 1 });
  });

  test("its own successes count although another process, on a store without swap, overwrote the record", () => {
    const own = ownWith({ probes: 2 });
    const passedOne = on(probing, succeeded, own).state;
    const overwritten = play(passedOne, [news(next(leasedRecord("other", LATER), { passed: 0 }))], own);
    expect(overwritten.decision.kind).toBe("none");
    expect(on({ ...overwritten, probe: running(LATER) }, succeeded, own).state.decision.kind).toBe("closed");
  });

  test("its own successes are void if the circuit opened again meanwhile, even if it did not see that", () => {
    const own = ownWith({ probes: 3 });
    const one = on(probing, succeeded, own).state;
    const two = on({ ...one, probe: running(LATER) }, succeeded, own).state;
    const reopened = next(leasedRecord("other", LATER), { passed: 0, reopens: 9 });
    const after = play(two, [news(reopened)], own);
    const { decision } = on({ ...after, probe: running(LATER) }, succeeded, own).state;
    expect(decision).toMatchObject({ kind: "released", passed: 1 });
  });

  test("successful probes of other processes count", () => {
    const record = leasedRecord("mine", LATER);
    const passed = { ...record, record: { ...record.record, passed: 1 } };
    const state = { ...probing, record: passed };
    expect(on(state, succeeded, ownWith({ probes: 2 })).state.decision.kind).toBe("closed");
    expect(on(state, released).state.decision).toMatchObject({ passed: 1 });
  });
});

describe("5. only a successful probe, an operator, or the fleet's record closes an open circuit", () => {
  test.each([
    ["time", { type: "time" }],
    ["a call", aCall()],
    ["a lease that did not come", lost],
    ["a repeated record", news(openRecord(NOW))],
  ] as const)("not %s", (_, event) => {
    expect(kindOf(on(isDue, event).state)).not.toBe("closed");
  });

  test("the fleet's record does, and clears the cause", () => {
    const { state, effects } = on({ ...isDue, cause: "why" }, news(next(closedRecord)));
    expect(state).toMatchObject({ announced: "closed", admissionKind: "closed", cause: undefined });
    expect(effects).toEqual([{ type: "announce", state: "closed", local: false }]);
  });
});

describe("6. at most one call between two openings is rejected because no lease came", () => {
  test("a caller that can wait is rejected if its lease does not come in time; 250 ms after its request a call probes", () => {
    const waiting = on(isDue, aCall()).state;
    const late = on(waiting, aCall({ asked: true }), OWN, NOW + 50);
    expect(late.answer).toBe("reject");
    expect(on(late.state, aCall(), OWN, NOW + 249).answer).toBe("reject");
    expect(on(late.state, aCall(), OWN, NOW + 250).answer).toBe("probe");
  });

  test("a caller that can't wait is rejected, and the next one probes", () => {
    expect(answers(isDue, aSyncCall(), aSyncCall({ asked: true }), aSyncCall())).toEqual([
      "ask",
      "reject",
      "probe",
    ]);
  });

  test("a caller whose timer fires a moment early is not rejected by its own request", () => {
    const waiting = on(isDue, aCall()).state;
    expect(waiting.probe).toEqual({ kind: "waiting", untilMs: NOW + 50 });
    const early = on(waiting, aCall({ asked: true }), OWN, NOW + 49.7);
    expect(early).toMatchObject({ answer: "reject", state: { recovery: { unserved: true } } });
    expect(on(early.state, aCall(), OWN, NOW + 250).answer).toBe("probe");
  });

  test("a caller whose lease came probes", () => {
    const waiting = on(isDue, aCall()).state;
    const granted = on(waiting, {
      type: "lease",
      record: next(leasedRecord("mine", LATER)),
      outcome: "granted",
    });
    expect(granted.state).toMatchObject({ leaseRequested: false, probe: NO_PROBE });
    const probe = on(granted.state, aCall({ asked: true }));
    expect(probe.answer).toBe("probe");
    expect(probe.state.probe).toMatchObject({ untilMs: LATER });
  });

  test("a caller whose request fails at once probes", () => {
    expect(answers(isDue, aCall(), lost, aCall({ asked: true, storeFails: true }))).toEqual([
      "ask",
      undefined,
      "probe",
    ]);
  });

  test("a caller that can't wait probes at once if a lease went unused before, and asks for the lease", () => {
    const state = stateWith({ record: leasedRecord("x", NOW), remoteOpen: "obeyed" });
    const { answer, effects } = on(state, aSyncCall({ callTimeoutMs: 7 }));
    expect(answer).toBe("probe");
    expect(effects).toContainEqual({ type: "ask-for-lease", callTimeoutMs: 7 });
    expect(on(state, aCall()).answer).toBe("ask");
  });

  test("only one request is under way at a time", () => {
    const asked = on(isDue, aCall()).state;
    const again = on(asked, aCall(), OWN, NOW + 50);
    expect(again.answer).toBe("ask");
    expect(again.effects).toEqual([]);
  });

  test("the count starts again when the circuit opens again", () => {
    const rejected = play(isDue, [aCall(), aCall({ asked: true })]);
    expect(rejected.recovery.unserved).toBe(true);
    expect(on(rejected, news(next(openRecord(LATER)))).state.recovery).toEqual(NO_RECOVERY);
    expect(on(rejected, news(next(closedRecord))).state.recovery).toEqual(NO_RECOVERY);
    expect(on(rejected, news(next(leasedRecord("x", NOW)))).state.recovery.unserved).toBe(true);
    expect(on(rejected, tripped).state.recovery).toEqual(NO_RECOVERY);
  });
});

describe("7. a lease without an outcome makes the next one longer", () => {
  test("also for local probes while the store fails", () => {
    const offline = aCall({ storeFails: true });
    const first = on(isDue, offline).state;
    expect(first.probe).toMatchObject({ untilMs: NOW + 10_000 });
    const second = on(first, offline, OWN, NOW + 10_000).state;
    expect(second.probe).toMatchObject({ untilMs: NOW + 30_000 });
    expect(second.recovery.lapses).toBe(1);
    const third = on(second, offline, OWN, NOW + 30_000).state;
    expect(third.probe).toMatchObject({ untilMs: NOW + 70_000 });
  });

  test("a released probe counts as an outcome", () => {
    const second = play(
      on(isDue, aCall({ storeFails: true })).state,
      [aCall({ storeFails: true })],
      OWN,
      NOW + 10_000,
    );
    expect(on(second, released, OWN, NOW + 10_000).state.recovery.lapses).toBe(0);
  });

  test.each([
    ["succeeds", succeeded],
    ["ends as neither", released],
  ])("also where several probes are needed, and the one that outlived its lease %s", (_, ended) => {
    const own = ownWith({ probes: 5 });
    const offline = aCall({ storeFails: true });
    const late = play(on(isDue, offline, own).state, [ended], own, NOW + 10_000);
    expect(on(late, offline, own, NOW + 10_000).state.probe).toMatchObject({ untilMs: NOW + 30_000 });
  });

  test("so that a slow probe closes it without the store, however many are needed", () => {
    const own = ownWith({ probes: 5 });
    let state = isDue;
    for (let probes = 0; probes < 8 && state.announced !== "closed"; probes++) {
      const began = NOW + probes * 30_000;
      const probing = on(state, aCall({ storeFails: true }), own, began);
      expect(probing.answer).toBe("probe");
      state = on(probing.state, succeeded, own, began + 27_000).state;
    }
    expect(state.announced).toBe("closed");
  });

  test("a probe with callTimeout gets that time plus a second", () => {
    const { state } = on(isDue, aCall({ storeFails: true, callTimeoutMs: 300 }));
    expect(state.probe).toMatchObject({ untilMs: NOW + 1_300 });
  });
});

describe("8. no state is a dead end", () => {
  test("a later call probes after a release, a lapse, a lost request, a pause and a failure", () => {
    const later = NOW + 100_000;
    const starts = [
      on(probing, released).state,
      on(isDue, aCall({ storeFails: true })).state,
      play(isDue, [aCall(), lost]),
      on(probing, { ...released, pauseMs: 400 }).state,
      on(probing, { type: "probe-failed", opening: opening() }).state,
    ];
    for (const state of starts) {
      let seen = state;
      const met = [aCall(), aCall({ asked: true }), aCall()].map((event) => {
        const step = on(seen, event, OWN, later);
        seen = step.state;
        return step.answer;
      });
      expect(met).toContain("probe");
    }
  });
});
