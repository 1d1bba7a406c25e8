import { describe, expect, test } from "vitest";
import type { CircuitRecord } from "../../protocol/record.js";
import { closed, leaseReleased, opened, voted } from "../../protocol/transition.js";
import { isPending, recordOf, stillApplies } from "./decision.js";
import {
  closedRecord,
  decidedClosed,
  decidedOpen,
  decidedRelease,
  LATER,
  leasedRecord,
  NOW,
  OWN,
  openRecord,
  ownWith,
  releasedRecord,
  sight,
  stamp,
} from "./state.fixture.js";
import { type CachedRecord, type Decision, INITIAL, NO_DECISION, NO_RECOVERY, type State } from "./state.js";

const OWN_OF_TWO = ownWith({ quorum: 2, window: 50 });
const votes = (...hosts: string[]): { host: string; until: number }[] =>
  hosts.map((host) => ({ host, until: stamp.now + 500 }));
const withVotes = ({ record, deadline }: CachedRecord, ...hosts: string[]): CachedRecord =>
  sight({ ...record, votes: votes(...hosts) }, deadline);

const propose = (decision: Decision, record: CachedRecord | undefined, own = OWN): CircuitRecord | null =>
  recordOf({ ...INITIAL, decision, record }, NOW, stamp, own);

describe("a decision applies only under the generation in which it was made", () => {
  type Made = Exclude<Decision, { kind: "none" }>;

  test.each<[string, Made]>([
    ["opened", decidedOpen()],
    ["released", decidedRelease],
    ["closed", decidedClosed],
  ])("%s", (_, decision) => {
    const base = (generation: number): Made => ({ ...decision, base: generation });
    expect(stillApplies(decision, closedRecord, NOW)).toBe(true);
    expect(stillApplies(base(39), closedRecord, NOW)).toBe(false);
    expect(stillApplies(base(0), undefined, NOW)).toBe(true);
    expect(propose(base(39), openRecord(LATER))).toBeNull();
  });

  test("no decision never applies", () => {
    expect(stillApplies(NO_DECISION, undefined, NOW)).toBe(false);
    expect(propose(NO_DECISION, openRecord(NOW))).toBeNull();
  });

  test("an opening made offline applies for its time, unless the fleet has another in force", () => {
    const offline = decidedOpen({ base: 39, madeOffline: true });
    expect(stillApplies(offline, closedRecord, NOW)).toBe(true);
    expect(stillApplies(offline, openRecord(NOW), NOW)).toBe(true);
    expect(stillApplies(offline, openRecord(LATER), NOW)).toBe(false);
    expect(stillApplies({ ...offline, untilMs: NOW }, closedRecord, NOW)).toBe(false);
    expect(stillApplies({ ...offline, madeOffline: false }, closedRecord, NOW)).toBe(false);
    expect(stillApplies({ ...decidedClosed, base: 39 }, closedRecord, NOW)).toBe(false);
  });
});

describe("an opening for the fleet", () => {
  test("is proposed with the time that is left", () => {
    expect(propose(decidedOpen({ reopens: 2, manual: true }), closedRecord)).toEqual({
      ...opened(stamp, { duration: 60, reason: "mine", manual: true, reopens: 2 }),
      until: stamp.now + 31,
    });
    expect(propose(decidedOpen({ base: 0 }), undefined)?.state).toBe("open");
  });

  test("is not proposed once its time is over", () => {
    expect(propose(decidedOpen({ untilMs: NOW }), closedRecord)).toBeNull();
    expect(propose(decidedOpen({ untilMs: NOW - 1 }), closedRecord)).toBeNull();
    expect(propose(decidedOpen({ untilMs: NOW + 0.5 }), closedRecord)?.until).toBe(stamp.now + 1);
  });
});

describe("an opening that concerns this host alone", () => {
  const here = decidedOpen({ visibility: "here" });

  test("is not proposed", () => {
    expect(propose(here, closedRecord)).toBeNull();
    expect(propose({ ...here, base: 0 }, undefined)).toBeNull();
    expect(propose(here, leasedRecord("x", LATER))).toBeNull();
  });

  test("gives its probe's lease back", () => {
    const lease = leasedRecord("mine", LATER);
    expect(propose(here, lease)).toEqual(leaseReleased(stamp, lease.record, 0));
  });
});

describe("an opening that is a vote", () => {
  const vote = decidedOpen({ visibility: "vote" });
  const mine = [{ host: "my-host", until: stamp.now + 50 }];

  test("is added to the record's votes while they are fewer than the quorum", () => {
    expect(propose(vote, closedRecord, OWN_OF_TWO)).toEqual(voted(stamp, closedRecord.record, mine));
    expect(propose({ ...vote, base: 0 }, undefined, OWN_OF_TWO)).toEqual(voted(stamp, null, mine));
  });

  test("opens the circuit if it completes the quorum", () => {
    expect(propose(vote, withVotes(closedRecord, "other"), OWN_OF_TWO)).toEqual({
      ...opened(stamp, { duration: 60, reason: "mine", manual: false, reopens: 0 }),
      until: stamp.now + 31,
    });
  });

  test("is not proposed if the circuit is already open, and is once that open time is over", () => {
    expect(propose(vote, openRecord(LATER), OWN_OF_TWO)).toBeNull();
    expect(propose(vote, openRecord(NOW), OWN_OF_TWO)?.votes).toEqual(mine);
  });

  test("is written beside another's lease, and releases this process's own lease", () => {
    const theirs = leasedRecord("x", LATER);
    expect(propose(vote, theirs, OWN_OF_TWO)).toEqual(voted(stamp, theirs.record, mine));
    const own = leasedRecord("mine", LATER);
    const released = leaseReleased(stamp, own.record, 0);
    expect(propose(vote, own, OWN_OF_TWO)).toEqual(voted(stamp, released, mine));
  });
});

describe("a released lease", () => {
  test("is proposed with the number of successful probes", () => {
    const lease = leasedRecord("mine", LATER);
    const back = propose({ kind: "released", base: 40, passed: 2 }, lease);
    expect(back).toEqual(leaseReleased(stamp, lease.record, 2));
  });

  test("is not proposed if the fleet's record is missing or closed", () => {
    expect(propose({ ...decidedRelease, base: 0 }, undefined)).toBeNull();
    expect(propose(decidedRelease, closedRecord)).toBeNull();
  });
});

describe("a closing", () => {
  const localOnly = { ...decidedClosed, localOnly: true };

  test("closes what the fleet has open", () => {
    expect(propose(decidedClosed, leasedRecord("mine", LATER))).toEqual(closed(stamp, "probe succeeded"));
    expect(propose(decidedClosed, openRecord(NOW))).toEqual(closed(stamp, "probe succeeded"));
  });

  test("keeps the number of openings in a row, for a trip that follows too soon", () => {
    const record = openRecord(NOW);
    const state = { ...INITIAL, record, decision: decidedClosed, recovery: { ...NO_RECOVERY, reopens: 3 } };
    expect(recordOf(state, NOW, stamp, OWN)).toEqual(closed(stamp, "probe succeeded", 3));
  });

  test("is not proposed if it is local", () => {
    expect(propose(localOnly, openRecord(NOW))).toBeNull();
  });

  test("withdraws this host's vote, and is not proposed if there is none", () => {
    const both = withVotes(closedRecord, "other", "my-host");
    expect(propose(decidedClosed, both)).toEqual(voted(stamp, both.record, votes("other")));
    expect(propose(decidedClosed, withVotes(closedRecord, "other"))).toBeNull();
    expect(propose(decidedClosed, closedRecord)).toBeNull();
    expect(propose({ ...decidedClosed, base: 0 }, undefined)).toBeNull();
  });
});

describe("isPending()", () => {
  const pending = (changes: Partial<State>, own = OWN): boolean =>
    isPending({ ...INITIAL, ...changes }, NOW, own);

  test("is false without a decision", () => {
    expect(pending({})).toBe(false);
  });

  test("is true for an opening until its time is over", () => {
    expect(pending({ decision: decidedOpen() })).toBe(true);
    expect(pending({ decision: decidedOpen({ untilMs: NOW }) })).toBe(false);
  });

  test("is true for a vote unless the record has it and there is no lease to release", () => {
    const decision = decidedOpen({ visibility: "vote" });
    expect(pending({ decision })).toBe(true);
    expect(pending({ decision, record: withVotes(closedRecord, "other") })).toBe(true);
    expect(pending({ decision, record: withVotes(closedRecord, "my-host") })).toBe(false);
    expect(pending({ decision, record: withVotes(leasedRecord("mine", LATER), "my-host") })).toBe(true);
  });

  test("is true again for a vote that has expired", () => {
    const decision = decidedOpen({ visibility: "vote" });
    const state = { ...INITIAL, decision, record: withVotes(closedRecord, "my-host") };
    expect(isPending(state, NOW, OWN, stamp.now + 499)).toBe(false);
    expect(isPending(state, NOW, OWN, stamp.now + 500)).toBe(true);
  });

  test("is true for an opening of this host alone only if there is a lease to release", () => {
    const decision = decidedOpen({ visibility: "here" });
    expect(pending({ decision })).toBe(false);
    expect(pending({ decision, record: leasedRecord("mine", LATER) })).toBe(true);
  });

  test("is true for a released lease only while the fleet has the circuit half-open", () => {
    expect(pending({ decision: decidedRelease, record: releasedRecord })).toBe(true);
    expect(pending({ decision: decidedRelease, record: closedRecord })).toBe(false);
  });

  test("is true for a closing unless it is local", () => {
    expect(pending({ decision: decidedClosed })).toBe(true);
    expect(pending({ decision: { ...decidedClosed, localOnly: true } })).toBe(false);
  });

  test("is true with scope: process only for an operator's decision", () => {
    const own = ownWith({ scope: "process" });
    expect(pending({ decision: decidedOpen() }, own)).toBe(false);
    expect(pending({ decision: decidedClosed }, own)).toBe(false);
    expect(pending({ decision: decidedOpen({ manual: true }) }, own)).toBe(true);
  });
});
