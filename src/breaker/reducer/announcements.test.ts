import { describe, expect, test } from "vitest";
import {
  aCall,
  decidedOpen,
  decidedRelease,
  isDue,
  LATER,
  leasedRecord,
  NOW,
  news,
  OWN,
  on,
  openRecord,
  probing,
  releasedRecord,
  running,
  stateWith,
  succeeded,
  tripped,
} from "./state.fixture.js";
import { INITIAL, NO_RECOVERY, type State } from "./state.js";

describe("the announced state", () => {
  const announced = (changes: Partial<State>, now = NOW): string =>
    on({ ...INITIAL, ...changes }, { type: "time" }, OWN, now).state.announced;

  test("is open during the open time, and half-open after it, even while a probe runs", () => {
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

  test("is announced once", () => {
    const open = on(INITIAL, tripped).state;
    expect(on(open, { type: "time" }).effects).toEqual([]);
    expect(on(open, { type: "time" }).state).toBe(open);
  });

  test("is announced as local if the decision or the record is this process's", () => {
    const heard = on(INITIAL, news(leasedRecord("x", LATER)));
    expect(heard.effects).toContainEqual({ type: "announce", state: "half-open", local: false });
    const closing = on(probing, { type: "probe-succeeded" });
    expect(closing.effects).toContainEqual({ type: "announce", state: "closed", local: true });
  });
});

describe("the half-open event", () => {
  test("is local only if this process's own record opened the circuit", () => {
    const heard = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" });
    expect(on(heard, { type: "time" }, OWN, LATER).effects).toEqual([
      { type: "announce", state: "half-open", local: false },
    ]);
    const own = stateWith({ record: openRecord(LATER, { by: "me" }), remoteOpen: "obeyed" });
    expect(on(own, { type: "time" }, OWN, LATER).effects).toEqual([
      { type: "announce", state: "half-open", local: true },
    ]);
  });

  test("the effects of a closing announce it before they write it", () => {
    const { effects } = on({ ...probing, probe: running(LATER, probing.epoch) }, succeeded);
    expect(effects).toEqual([
      { type: "announce", state: "closed", local: true },
      { type: "propose", delayMs: 0 },
    ]);
  });
});

describe("a hold", () => {
  const hold = (state: "open" | "closed", untilMs = Infinity) => ({ state, untilMs, record: {} as never });

  test("precedes the circuit's state, and is announced when it begins and ends", () => {
    const open = on(INITIAL, { type: "hold", hold: hold("open") });
    expect(open.effects).toEqual([{ type: "announce-hold", hold: hold("open") }]);
    expect(open.state.admissionKind).toBe("rejecting");
    expect(on(open.state, aCall()).answer).toBe("reject");
    const closed = on(isDue, { type: "hold", hold: hold("closed") });
    expect(closed.state.admissionKind).toBe("held");
    expect(on(closed.state, aCall()).answer).toBe("held");
    expect(on(open.state, { type: "hold", hold: undefined }).effects).toEqual([{ type: "announce-release" }]);
  });

  test("is announced even if calls are treated as before", () => {
    const open = stateWith({ record: openRecord(LATER), remoteOpen: "obeyed" });
    const held = on(open, { type: "hold", hold: hold("open") });
    expect(held.effects).toEqual([{ type: "announce-hold", hold: hold("open") }]);
    expect(on(held.state, { type: "hold", hold: undefined }).effects).toEqual([{ type: "announce-release" }]);
  });

  test("that is already over when it arrives is ignored", () => {
    const { state, effects } = on(INITIAL, { type: "hold", hold: hold("open", NOW) });
    expect([state.hold, effects]).toEqual([undefined, []]);
  });

  test("ends by itself", () => {
    const { state } = on(INITIAL, { type: "hold", hold: hold("open", LATER) });
    expect(on(state, { type: "time" }, OWN, LATER - 1).state).toBe(state);
    const over = on(state, { type: "time" }, OWN, LATER);
    expect(over.state).toMatchObject({ hold: undefined, admissionKind: "closed" });
    expect(over.effects).toEqual([{ type: "announce-release" }]);
  });
});
