import { describe, expect, test } from "vitest";
import type { CircuitRecord } from "../../protocol/record.js";
import { leased, leaseReleased } from "../../protocol/transition.js";
import { lapsesIn, lapsesOf, leaseMs, leaseRecord } from "./lease.js";
import {
  closedRecord,
  decidedOpen,
  decidedRelease,
  LATER,
  leasedRecord,
  NOW,
  OWN,
  openRecord,
  releasedRecord,
  stamp,
} from "./state.fixture.js";
import { INITIAL, NO_RECOVERY, type State } from "./state.js";

const take = (changes: Partial<State>, callTimeoutMs = 0): CircuitRecord | null =>
  leaseRecord({ ...INITIAL, ...changes }, NOW, stamp, OWN, callTimeoutMs);

describe("the length of a lease", () => {
  test("is 10 s, or the callTimeout plus a second", () => {
    expect(leaseMs(0, 0)).toBe(10_000);
    expect(leaseMs(250, 0)).toBe(1_250);
  });

  test("doubles with each lease in a row without an outcome, up to ten minutes", () => {
    expect([1, 2, 3].map((lapsed) => leaseMs(0, lapsed))).toEqual([20_000, 40_000, 80_000]);
    expect(leaseMs(250, 2)).toBe(5_000);
    expect(leaseMs(0, 6)).toBe(600_000);
    expect(leaseMs(0, 60)).toBe(600_000);
  });
});

describe("the number of leases without an outcome", () => {
  test("is the record's count, plus one if a lease still has an owner", () => {
    expect(lapsesIn(undefined)).toBe(0);
    expect(lapsesIn(openRecord(NOW).record)).toBe(0);
    expect(lapsesIn(closedRecord.record)).toBe(0);
    expect(lapsesIn(releasedRecord.record)).toBe(0);
    expect(lapsesIn(leasedRecord("x", NOW, 2).record)).toBe(3);
    expect(lapsesIn(leasedRecord("", NOW, 2).record)).toBe(2);
  });

  test("is not more because a lease was given back unused", () => {
    const givenBack = leaseReleased(stamp, openRecord(NOW).record, 0, 1);
    expect(lapsesIn(givenBack)).toBe(0);
  });

  test("is the greater of the record's and this process's own count", () => {
    const with3 = { ...INITIAL, recovery: { ...NO_RECOVERY, lapses: 3 } };
    expect(lapsesOf(with3, OWN)).toBe(3);
    expect(lapsesOf({ ...with3, record: leasedRecord("x", NOW, 4) }, OWN)).toBe(5);
    expect(lapsesOf({ ...with3, record: leasedRecord("x", NOW, 1) }, OWN)).toBe(3);
  });
});

describe("the record that takes the lease", () => {
  test("names this process and the time, and keeps the rest of the record", () => {
    const record = openRecord(NOW);
    expect(take({ record }, 500)).toEqual(
      leased(stamp, record.record, { owner: "mine", duration: 1_500, lapsed: 0 }),
    );
  });

  test("counts the lease before it, if that ended without an outcome", () => {
    expect(take({ record: leasedRecord("x", NOW, 1) })).toMatchObject({ lapsed: 2, duration: 40_000 });
  });

  test("does not count a lease that this process released, and keeps the number of successful probes", () => {
    const decision = { ...decidedRelease, passed: 1 };
    const record = leasedRecord("mine", LATER, 2);
    expect(take({ record, decision })).toMatchObject({ lapsed: 2, passed: 1 });
    expect(take({ record: openRecord(NOW), decision })).toMatchObject({ lapsed: 0, passed: 1 });
    expect(take({ record: leasedRecord("mine", LATER, 0) })).toMatchObject({ lapsed: 1, passed: 0 });
    // It was released after its time.
    const recovery = { ...NO_RECOVERY, lapses: 1 };
    expect(take({ record: openRecord(NOW), decision, recovery })).toMatchObject({ lapsed: 1 });
  });

  test("starts at zero if the store has lost the circuit that this process released", () => {
    const decision = { ...decidedRelease, base: 0, passed: 1 };
    expect(take({ decision })).toEqual(leased(stamp, null, { owner: "mine", duration: 10_000, lapsed: 0 }));
  });

  test("is null while no lease is available", () => {
    expect(take({})).toBeNull();
    expect(take({ record: openRecord(LATER) })).toBeNull();
    expect(take({ record: leasedRecord("x", LATER) })).toBeNull();
    expect(take({ record: openRecord(NOW), decision: decidedOpen() })).toBeNull();
  });

  test("is made from nothing if the fleet has no record of the opening", () => {
    expect(take({ decision: decidedOpen({ untilMs: NOW, base: 0 }) })).toEqual(
      leased(stamp, null, { owner: "mine", duration: 10_000, lapsed: 0 }),
    );
    expect(take({ decision: decidedOpen({ untilMs: NOW, base: 0 }) })?.passed).toBe(0);
  });
});
