import { describe, expect, test } from "vitest";
import type { Event } from "./event.js";
import {
  closedRecord,
  decidedOpen,
  LATER,
  leasedRecord,
  NOW,
  news,
  next,
  on,
  opening,
  openRecord,
  probing,
  released,
  running,
  stateWith,
} from "./state.fixture.js";
import { NO_DECISION, NO_RECOVERY, type State } from "./state.js";

describe("a probe that ends as neither", () => {
  /** For how long others have their turn after so many probes in a row that ended so. */
  const turns = (count: number, event: Event, from: State = probing): number[] =>
    Array.from({ length: count }).reduce<{ state: State; paused: number[] }>(
      ({ state, paused }) => {
        const after = on(state, event).state;
        const next = { ...after, decision: NO_DECISION, probe: running(LATER) };
        return { state: next, paused: [...paused, after.recovery.pausedUntilMs - NOW] };
      },
      { state: from, paused: [] },
    ).paused;
  const ofTen = { ...released, leaseWaitMs: 10 };

  test("gives others their turn after eight such probes; the turns double, to 16 waits for a lease", () => {
    const none = Array.from({ length: 8 }, () => 0);
    expect(turns(15, ofTen)).toEqual([...none, 10, 20, 40, 80, 160, 160, 160]);
  });

  test("counts anew once it opens or closes", () => {
    const often = { ...probing, recovery: { ...NO_RECOVERY, neither: 8 } };
    expect(turns(1, ofTen, often)).toEqual([10]);
    for (const state of [
      on(often, { type: "probe-failed", opening: opening() }).state,
      on(often, { type: "probe-succeeded" }).state,
      on(often, news(next(openRecord(LATER)))).state,
      on(often, news(next(closedRecord))).state,
      on(often, { type: "operator-wrote", record: closedRecord }).state,
    ])
      expect(state.recovery.neither).toBe(0);
  });

  test("costs no turn where nobody else may use the store, it is open here alone, or met its own circuit", () => {
    expect(turns(12, released).at(-1)).toBe(0);
    expect(turns(12, { ...released, leaseWaitMs: 10, byItself: true }).at(-1)).toBe(0);
    const alone = stateWith({ decision: decidedOpen({ base: 0, untilMs: NOW }), probe: running(LATER) });
    const often = { ...alone, recovery: { ...NO_RECOVERY, neither: 8 } };
    expect(on(often, ofTen).state.recovery).toMatchObject({ pausedUntilMs: NOW, neither: 8 });
  });

  test("and never began tells that its lease was not used: once, or as often as the record says", () => {
    const holding = (lapsed: number): State =>
      stateWith({ record: leasedRecord("mine", LATER, lapsed), remoteOpen: "obeyed" });
    for (const [state, lapsed] of [
      [holding(0), 1],
      [holding(3), 3],
      [stateWith({}), 1],
    ] as const)
      expect(on(state, released).state.decision).toMatchObject({ kind: "released", lapsed });
  });

  test("pauses for the longer of the two, where it met another circuit", () => {
    const often = { ...probing, recovery: { ...NO_RECOVERY, neither: 8 } };
    expect(turns(1, { ...released, leaseWaitMs: 10, pauseMs: 400 }, often)).toEqual([400]);
    expect(turns(1, { ...released, leaseWaitMs: 500, pauseMs: 400 }, often)).toEqual([500]);
  });
});
