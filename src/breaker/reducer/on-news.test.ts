import { describe, expect, test } from "vitest";
import {
  aCall,
  closedRecord,
  decidedClosed,
  decidedOpen,
  decidedRelease,
  isDue,
  LATER,
  leasedRecord,
  NOW,
  news,
  next,
  OWN,
  on,
  openRecord,
  ownWith,
  running,
  stateWith,
  tripped,
} from "./state.fixture.js";
import { INITIAL, NO_DECISION, NO_PROBE, type State } from "./state.js";

describe("a new record", () => {
  test("voids a decision of an earlier generation, and keeps one made offline", () => {
    const mine = stateWith({ decision: decidedOpen({ base: 39 }) });
    expect(on(mine, news(closedRecord)).state.decision).toEqual(NO_DECISION);
    const offline = stateWith({ decision: decidedOpen({ base: 0, madeOffline: true }) });
    expect(on(offline, news(closedRecord)).state.decision).toBe(offline.decision);
  });

  test("keeps an opening that was made before the first record, if others had closed the circuit earlier", () => {
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

  test("with this process's own lease keeps what its probe found out before the lease came", () => {
    const found = (decision: State["decision"], leaseRequested = true): State["decision"] => {
      const state = stateWith({ record: openRecord(NOW), remoteOpen: "obeyed", decision, leaseRequested });
      return on(state, news(next(leasedRecord("mine", LATER)))).state.decision;
    };
    expect(found(decidedClosed)).toEqual({ ...decidedClosed, base: 50 });
    expect(found(decidedOpen())).toEqual(decidedOpen({ base: 50 }));
    expect(found({ ...decidedRelease, passed: 1 })).toEqual({ ...decidedRelease, passed: 1, base: 50 });
    expect(found(decidedClosed, false)).toEqual(NO_DECISION);
    expect(found({ ...decidedClosed, base: 39 })).toEqual(NO_DECISION);
  });

  test("with this process's own lease, granted late, belongs to the probe that began meanwhile", () => {
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

  test("delays the attempt to probe by a random share of the open time if the store has no swap", () => {
    const heard = on(INITIAL, news(openRecord(NOW), { random: 0.5 })).state;
    expect(heard.attemptDelayMs).toBe(50);
    expect(on(heard, news(openRecord(NOW - 1), { random: 0.9 })).state.attemptDelayMs).toBe(50);
    expect(on(heard, news(undefined, { random: 0.9 })).state.attemptDelayMs).toBe(0);
  });

  test("is announced as open, as half-open while another probes, or not at all if closed", () => {
    const heard = (record: State["record"]): unknown => on(INITIAL, news(record)).effects;
    expect(heard(openRecord(LATER))).toEqual([{ type: "announce", state: "open", local: false }]);
    expect(heard(leasedRecord("x", LATER))).toEqual([{ type: "announce", state: "half-open", local: false }]);
    expect(heard(closedRecord)).toEqual([]);
    const own = openRecord(LATER, { by: "me" });
    expect(heard(own)).toEqual([{ type: "announce", state: "open", local: true }]);
  });
});

describe("a remote trip is obeyed", () => {
  const confirm = ownWith({ scope: "confirm" });
  const theirs = openRecord(LATER);

  test("with scope: confirm once a failure here confirms it", () => {
    const heard = on(INITIAL, news(theirs), confirm).state;
    expect(heard.remoteOpen).toBe("unconfirmed");
    expect(on(heard, aCall(), confirm).answer).toBe("closed");
    const { state } = on(heard, { type: "confirmed", cause: "why" }, confirm);
    expect(state).toMatchObject({ remoteOpen: "obeyed", cause: "why", announced: "open" });
    expect(state.epoch).toBe(heard.epoch + 1);
  });

  test("with scope: confirm once calls here trip the circuit, which writes nothing", () => {
    const heard = on(INITIAL, news(theirs), confirm).state;
    const { state, effects } = on(heard, tripped, confirm);
    expect(state).toMatchObject({ remoteOpen: "obeyed", decision: NO_DECISION, announced: "open" });
    expect(effects).toEqual([{ type: "announce", state: "open", local: false }]);
    const over = on(on(INITIAL, news(openRecord(NOW)), confirm).state, tripped, confirm);
    expect(over.state).toMatchObject({ remoteOpen: "obeyed", decision: { kind: "opened", base: 40 } });
    expect(over.effects).toContainEqual({ type: "propose", delayMs: 0 });
  });

  test("at once, unless calls here succeed so well that it is doubted", () => {
    expect(on(INITIAL, news(theirs, { doubts: true })).state.remoteOpen).toBe("unconfirmed");
    expect(on(INITIAL, news(theirs)).state.remoteOpen).toBe("obeyed");
  });

  test("at once if it is an operator's, this process's own, or already obeyed", () => {
    expect(on(INITIAL, news(openRecord(LATER, { manual: true })), confirm).state.remoteOpen).toBe("obeyed");
    expect(on(INITIAL, news(openRecord(LATER, { by: "me" })), confirm).state.remoteOpen).toBe("obeyed");
    const open = on(INITIAL, tripped, confirm).state;
    expect(on(open, news(theirs), confirm).state.remoteOpen).toBe("obeyed");
    const obeyed = stateWith({ record: theirs, remoteOpen: "obeyed" }, confirm);
    const probes = news(next(leasedRecord("x", LATER)), { doubts: true });
    expect(on(obeyed, probes, confirm).state.remoteOpen).toBe("obeyed");
  });

  test("anew after each closing", () => {
    const obeyed = stateWith({ record: theirs, remoteOpen: "obeyed" }, confirm);
    expect(on(obeyed, news(next(closedRecord)), confirm).state.remoteOpen).toBe("unseen");
    expect(on(obeyed, news(undefined), confirm).state.remoteOpen).toBe("unseen");
  });
});

const mine = next(leasedRecord("mine", NOW + 20_000));

describe("this process's lease, pushed before the answer to its request", () => {
  test("is taken by the next call while the caller that asked still waits", () => {
    const waiting = on(isDue, aCall()).state;
    const { state } = on(waiting, news(mine));
    expect(state.probe).toEqual(NO_PROBE);
    expect(on(state, aCall()).answer).toBe("probe");
  });
});

describe("an opening decided before the first record", () => {
  const opening = decidedOpen({ base: 0, untilMs: NOW + 400, durationMs: 1_000 });
  const longAgo = { ageMs: 60_000 };
  const left = (decision: State["decision"], record: State["record"]): State["decision"] =>
    on(stateWith({ decision }), news(record, longAgo)).state.decision;

  test("continues under an old record only if that record is closed", () => {
    expect(left(opening, closedRecord)).toEqual({ ...opening, base: 40 });
    expect(left(opening, openRecord(NOW))).toEqual(NO_DECISION);
  });

  test("is not applied if it was decided under another record", () => {
    expect(left({ ...opening, base: 39 }, closedRecord)).toEqual(NO_DECISION);
  });
});

test("an opening decided under a record that the store has lost ends", () => {
  const state = stateWith({ record: closedRecord, decision: decidedOpen() });
  expect(on(state, news(undefined)).state.decision).toEqual(NO_DECISION);
});

test("an unconfirmed remote opening stays unconfirmed through later records", () => {
  const doubted = on(INITIAL, news(openRecord(LATER), { doubts: true })).state;
  const again = on(doubted, news(next(openRecord(LATER)), { doubts: false })).state;
  expect(again.remoteOpen).toBe("unconfirmed");
  expect(on(again, aCall()).answer).toBe("closed");
});

describe("an opening of this process that comes back from the store with its time over", () => {
  const mine = stateWith({ decision: decidedOpen({ base: 0, untilMs: LATER }) });
  const left = (record: State["record"], decision: State["decision"] = mine.decision): State["decision"] =>
    on({ ...mine, decision }, news(record)).state.decision;

  test("continues for its own time: it was written before the store's clock was known", () => {
    expect(left(openRecord(NOW, { by: "me" }))).toEqual({ ...mine.decision, base: 40 });
  });

  test("ends if another opening, an operator's or a closing took its place", () => {
    expect(left(openRecord(NOW))).toEqual(NO_DECISION);
    expect(left(openRecord(LATER, { by: "me" }))).toEqual(NO_DECISION);
    const manual = decidedOpen({ base: 0, untilMs: LATER, manual: true });
    expect(left(openRecord(NOW, { by: "me" }), manual)).toEqual(NO_DECISION);
    const byMe = { ...closedRecord, record: { ...closedRecord.record, by: "me" } };
    expect(left(byMe)).toEqual(NO_DECISION);
    expect(left(openRecord(NOW, { by: "me" }), { ...decidedClosed, base: 7 })).toEqual(NO_DECISION);
  });
});
