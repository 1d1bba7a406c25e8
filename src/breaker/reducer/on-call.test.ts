import { describe, expect, test } from "vitest";
import { statusOf } from "./standing.js";
import {
  aCall,
  aSyncCall,
  closedRecord,
  decidedOpen,
  isDue,
  LATER,
  leasedRecord,
  NOW,
  news,
  next,
  OPEN_MS,
  OWN,
  on,
  openRecord,
  ownWith,
  play,
  probing,
  released,
  releasedRecord,
  running,
  stateWith,
  tripped,
} from "./state.fixture.js";
import { INITIAL, NO_DECISION, NO_PROBE, NO_RECOVERY, type State } from "./state.js";

describe("a call", () => {
  test("is admitted while closed, and changes nothing", () => {
    const { state, answer, effects } = on(INITIAL, aCall());
    expect([state, answer, effects]).toEqual([INITIAL, "closed", []]);
    expect(state).toBe(INITIAL);
  });

  test("within the probe belongs to it", () => {
    expect(on(probing, aCall({ withinProbe: true })).answer).toBe("nested");
    expect(on(isDue, aCall({ withinProbe: true })).answer).toBe("nested");
    const open = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" });
    expect(on(open, aCall({ withinProbe: true })).answer).toBe("reject");
  });

  test("belongs to the running probe if the function is known to call itself", () => {
    const nests = on(probing, { ...released, byItself: true }).state;
    expect(nests.recovery.nests).toBe(true);
    expect(on({ ...nests, probe: running(LATER) }, aCall()).answer).toBe("nested");
    expect(on({ ...nests, probe: { kind: "waiting", untilMs: LATER } }, aCall()).answer).toBe("reject");
    const over = { ...nests, probe: running(NOW), recovery: { ...nests.recovery, pausedUntilMs: LATER } };
    expect(on(over, aCall()).answer).toBe("reject");
  });

  test("probes without a lease if only this process opened the circuit", () => {
    const alone = stateWith({ decision: decidedOpen({ base: 0, untilMs: NOW }) });
    const { answer, effects } = on(alone, aCall());
    expect(answer).toBe("probe");
    expect(effects).not.toContainEqual(expect.objectContaining({ type: "ask-for-lease" }));
  });

  test("does not use a lease of this process that is over", () => {
    const over = stateWith({ record: leasedRecord("mine", NOW), remoteOpen: "obeyed" });
    expect(on(over, aCall()).answer).toBe("ask");
  });
});

describe("a call that waited for its lease", () => {
  test("is rejected while another probe runs here", () => {
    const running = on(isDue, aCall({ storeFails: true })).state;
    expect(on(running, aCall({ asked: true })).answer).toBe("reject");
    expect(on(running, aCall({ asked: true })).state.probe).toBe(running.probe);
  });

  test("leaves the next call no time to wait if the lease was refused", () => {
    const refused = { type: "lease", record: openRecord(NOW), outcome: "failed" } as const;
    const asked = play(isDue, [aCall(), refused, aCall({ asked: true })]);
    expect(asked).toMatchObject({ probe: NO_PROBE, recovery: { unserved: true } });
  });

  test("leaves the next call what is left of 250 ms to wait", () => {
    const rejected = (waitMs: number): State =>
      play(isDue, [aCall({ waitMs }), aCall({ waitMs, asked: true })]);
    expect(rejected(249).probe).toEqual({ kind: "waiting", untilMs: NOW + 1 });
    expect(rejected(250).probe).toEqual(NO_PROBE);
    expect(rejected(300).probe).toEqual(NO_PROBE);
  });

  test("that could not wait leaves the next call no time to wait", () => {
    expect(play(isDue, [aSyncCall(), aSyncCall({ asked: true })]).probe).toEqual(NO_PROBE);
  });

  test("probes with the lease that it gets, even if a check was set meanwhile", () => {
    const waiting = on(isDue, aCall()).state;
    const granted = on(waiting, {
      type: "lease",
      record: next(leasedRecord("mine", LATER)),
      outcome: "granted",
    });
    expect(on(granted.state, aCall({ asked: true }), ownWith({}, true)).answer).toBe("probe");
  });
});

describe("recovery: all", () => {
  const own = ownWith({ recovery: "all" });

  test("closes at the first call after the open time, without a probe or a proposal", () => {
    const state = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" }, own);
    const { state: after, answer, effects } = on(state, aCall(), own, LATER);
    expect(answer).toBe("closed");
    expect(after.decision).toEqual({ kind: "closed", base: 40, reason: "", localOnly: true });
    expect(effects).toEqual([{ type: "announce", state: "closed", local: true }]);
    expect(after.epoch).toBe(state.epoch + 1);
    const again = on(after, aCall(), own, LATER);
    expect(again.state).toBe(after);
  });

  test("closes circuits that only this process opened; closed ones stay as they are", () => {
    const alone = on(INITIAL, tripped, own).state;
    const { state } = on(alone, aCall(), own, NOW + OPEN_MS);
    expect(state.decision).toEqual({ kind: "closed", base: 0, reason: "", localOnly: true });
    expect(on(stateWith({ record: closedRecord }, own), aCall(), own).state.decision).toEqual(NO_DECISION);
  });
});

describe("a circuit with a recovery check", () => {
  const checked = ownWith({}, true);
  const aCheck = (changes: Parameters<typeof aCall>[0] = {}) =>
    aCall({ waitMs: 5_500, byCheck: true, ...changes });

  test("rejects every call until the check has closed it, and says when to come back", () => {
    const { state, answer } = on(isDue, aCall({ storeFails: true }), checked);
    expect([answer, state.recovery.unserved]).toEqual(["reject", false]);
    expect(statusOf(isDue, NOW, checked).retryAfterMs).toBeGreaterThan(0);
    expect(statusOf(isDue, NOW, OWN).retryAfterMs).toBe(0);
  });

  test("lets the check ask for the lease, wait for it, and probe", () => {
    const asked = on(isDue, aCheck(), checked);
    expect([asked.answer, asked.effects]).toEqual(["ask", [{ type: "ask-for-lease", callTimeoutMs: 0 }]]);
    expect(on(asked.state, aCall(), checked).answer).toBe("reject");
    const granted = on(
      asked.state,
      { type: "lease", record: next(leasedRecord("mine", LATER)), outcome: "granted" },
      checked,
    ).state;
    const probe = on(granted, aCheck({ asked: true }), checked);
    expect([probe.answer, probe.state.probe]).toEqual(["probe", running(LATER, probe.state.epoch)]);
    expect(on(probe.state, aCall({ withinProbe: true }), checked).answer).toBe("nested");
  });

  test("lets the check ask again if it got no lease, and no call counts as rejected for that", () => {
    const asked = on(isDue, aCheck(), checked).state;
    const late = on(asked, aCheck({ asked: true }), checked);
    expect([late.answer, late.state.recovery.unserved]).toEqual(["reject", false]);
    const unserved = { ...isDue, recovery: { ...NO_RECOVERY, unserved: true } };
    expect(on(unserved, aCheck(), checked).answer).toBe("ask");
    const lapsed = stateWith({ record: leasedRecord("x", NOW), remoteOpen: "obeyed" });
    expect(on(lapsed, aCheck(), checked).answer).toBe("ask");
  });

  test("lets the check probe without a lease if the store fails or only this process has it open", () => {
    expect(on(isDue, aCheck({ storeFails: true }), checked).answer).toBe("probe");
    const here = stateWith({ decision: decidedOpen({ base: 0, untilMs: NOW }) }, checked);
    expect(on(here, aCheck(), checked).answer).toBe("probe");
  });

  const tries = (state: State, record: State["record"], own = checked, now = NOW): unknown =>
    on(on(state, news(record), own).state, aCall(), own, now).answer;

  test("leaves probing to the check for a lease's time after a process released the lease", () => {
    expect(tries(isDue, next(releasedRecord))).toBe("reject");
    expect(tries(isDue, next(releasedRecord), checked, NOW + 9_999)).toBe("reject");
    expect(tries(isDue, next(releasedRecord), checked, NOW + 10_000)).toBe("ask");
    expect(tries(isDue, next(releasedRecord), OWN)).toBe("ask");
    const { state } = on(isDue, news(next(releasedRecord)), checked);
    const checks = (now: number): unknown => on(state, aCall({ byCheck: true }), checked, now).answer;
    expect([checks(NOW + 3_999), checks(NOW + 4_000)]).toEqual(["reject", "ask"]);
  });

  test("leaves it to the check too if this process knew only the votes of hosts before", () => {
    const record = { ...closedRecord, record: { ...closedRecord.record, generation: 0 } };
    expect(tries(stateWith({ record }, checked), next(releasedRecord))).toBe("reject");
  });

  test("leaves it to the check for a lease's time after news that seem to be old", () => {
    const old = next(openRecord(NOW - 60_000));
    const here = stateWith({ decision: decidedOpen({ base: 0, untilMs: NOW }) }, checked);
    const checking = on(here, aCheck({ storeFails: true }), checked).state;
    const closedAgain = on(checking, { type: "probe-succeeded" }, checked).state;
    for (const state of [checking, closedAgain]) {
      expect(tries(state, old)).toBe("reject");
      expect(tries(state, old, checked, NOW + 9_999)).toBe("reject");
      expect(tries(state, old, checked, NOW + 10_000)).toBe("ask");
    }
    expect(tries(INITIAL, old)).toBe("ask");
  });

  test("leaves it to the check for a lease's time after a failure here confirmed what others opened", () => {
    const confirm = ownWith({ scope: "confirm" }, true);
    const heard = on(INITIAL, news(releasedRecord), confirm).state;
    const { state } = on(heard, { type: "confirmed", cause: "why" }, confirm, NOW + 20_000);
    expect(on(state, aCall(), confirm, NOW + 29_999).answer).toBe("reject");
    expect(on(state, aCall(), confirm, NOW + 30_000).answer).toBe("ask");
    expect(on(state, aCheck(), confirm, NOW + 20_000).answer).toBe("ask");
  });

  test("lets the check try at once when another process's lease has ended without an outcome", () => {
    const { state } = on(isDue, news(next(leasedRecord("x", NOW + 100))), checked);
    expect(on(state, aCall({ byCheck: true }), checked, NOW + 100).answer).toBe("ask");
  });

  test("leaves probing to the check for a lease's time after a hold, during which nobody checked", () => {
    const held = stateWith(
      { ...isDue, hold: { state: "open", untilMs: NOW + 60_000, record: {} as never } },
      checked,
    );
    const tries = (now: number, own = checked): unknown => {
      const { state } = on(held, { type: "hold", hold: undefined }, own, NOW + 50_000);
      return on(state, aCall(), own, now).answer;
    };
    expect([NOW + 59_999, NOW + 60_000].map((now) => tries(now))).toEqual(["reject", "ask"]);
    expect(tries(NOW + 50_000, OWN)).toBe("ask");
    expect(on(held, { type: "time" }, checked, NOW + 1_000).state).toBe(held);
  });

  test("lets a call ask for the lease if the record is the first that this process sees", () => {
    expect(tries(INITIAL, releasedRecord)).toBe("ask");
  });
});
