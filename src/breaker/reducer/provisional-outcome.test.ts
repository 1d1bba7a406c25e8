import { describe, expect, test } from "vitest";
import { standingOf } from "./standing.js";
import {
  aCall,
  closedRecord,
  decidedOpen,
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
  probing,
  releasedRecord,
  stateWith,
  succeeded,
} from "./state.fixture.js";
import { NO_DECISION, NO_PROBE, NO_RECOVERY, type State } from "./state.js";

describe("the outcome of a probe whose lease may be over", () => {
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
    expect(standingOf(state, LATER, OWN)).toEqual({ kind: "due" });
    const after = answered(state, next(record, { by: "me" }), "granted");
    expect(after).toMatchObject({ announced: stands, decision: NO_DECISION, recovery: { lapses: 0 } });
  });

  test("is void once the fleet is at another generation, even if its write failed before", () => {
    const state = answered(late(failed).state, probing.record, "failed");
    expect(state).toMatchObject({ announced: "half-open", decision: { kind: "opened", base: 40 } });
    expect(on(state, news(next(closedRecord)), OWN, LATER).state).toMatchObject({
      announced: "closed",
      decision: NO_DECISION,
    });
  });

  test("is uncertain within the lease too if the process was suspended", () => {
    const { state } = on(probing, { ...failed, slept: true });
    expect(state).toMatchObject({ announced: "half-open", decision: { provisional: true } });
    expect(on(probing, { ...failed, slept: false }).state.announced).toBe("open");
  });

  test("is obeyed at once if the circuit is open here alone, so that no other can have probed", () => {
    const process = ownWith({ scope: "process" });
    expect(late(failed, process).state.announced).toBe("open");
    const voted = stateWith({ decision: decidedOpen({ base: 0, untilMs: NOW, visibility: "vote" }) });
    const alone = on(voted, aCall()).state;
    expect(alone.probe.kind).toBe("running");
    expect(on(alone, failed, OWN, NOW + 60_000).state.announced).toBe("open");
  });

  test("is forgotten if this process has the next lease by then: its call probes", () => {
    const { state } = late(succeeded);
    const record = next(leasedRecord("mine", LATER + 20_000));
    const leased = on(state, { type: "lease", record, outcome: "granted" }, OWN, LATER).state;
    expect(leased).toMatchObject({ announced: "half-open", decision: NO_DECISION });
    expect(on(leased, aCall(), OWN, LATER).answer).toBe("probe");
  });

  test("is a vote if the quorum is not met, and opens the circuit here", () => {
    const own = ownWith({ quorum: 2 });
    const { state } = late(failed, own);
    const voted = next(releasedRecord, { owner: "" });
    expect(answered(state, voted, "granted", own)).toMatchObject({
      announced: "open",
      decision: { kind: "opened", base: 50, visibility: "vote" },
    });
  });

  test.each([
    ["failed", failed, openRecord(LATER + OPEN_MS), "open"],
    ["succeeded", succeeded, closedRecord, "closed"],
  ] as const)("voids the probe that began meanwhile: it %s", (_, event, record, stands) => {
    const again = on(late(event).state, aCall({ storeFails: true }), OWN, LATER).state;
    expect(again.probe.kind).toBe("running");
    const after = answered(again, next(record, { by: "me" }), "granted");
    expect(after).toMatchObject({ announced: stands, probe: NO_PROBE });
  });

  test("continues the back-off once the store has it", () => {
    const own = ownWith({ backoffFactor: 2 });
    const { state } = late(failed, own);
    const opened = answered(state, next(openRecord(LATER + 4_000), { by: "me", reopens: 2 }), "granted", own);
    expect(opened.recovery).toEqual({ ...NO_RECOVERY, reopens: 2 });
    expect(late(succeeded, own).state.recovery.reopens).toBe(2);
  });
});
