import { describe, expect, test } from "vitest";
import type { Ballot } from "./ballot.js";
import { encode } from "./codec.js";
import {
  type CircuitSighting,
  generationOf,
  inForce,
  type Overlay,
  proposal,
  stands,
  unclosed,
} from "./overlay.js";
import type { CircuitRecord } from "./record.js";
import { closed, leased, opened, type Stamp, voted, yielded } from "./transition.js";

/** The local clock is at 100, the store's at 1 000. */
const NOW = 100;
const stamp: Stamp = { revision: 70, nonce: "n", now: 1_000, by: "me" };
const earlier: Stamp = { revision: 40, nonce: "o", now: 900, by: "other" };
const ballot: Ballot = { host: "me", owner: "mine", quorum: 2, window: 50 };
const votes = (...hosts: string[]): { host: string; until: number }[] =>
  hosts.map((host) => ({ host, until: 1_500 }));

const sight = (record: CircuitRecord, deadline: number): CircuitSighting => ({
  raw: encode(record),
  record,
  deadline,
});
const isOpen = (deadline: number): CircuitSighting =>
  sight(opened(earlier, { duration: 100, reason: "theirs", reopens: 1 }), deadline);
const isLeased = (owner: string, deadline: number): CircuitSighting =>
  sight(leased(earlier, isOpen(0).record, { owner, duration: 100, lapsed: 0 }), deadline);
const isClosed = sight(closed(earlier, ""), 0);

type Open = Extract<Overlay, { state: "open" }>;
const opening = (changes: Partial<Open> = {}): Open => ({
  state: "open",
  base: 40,
  until: NOW + 30.5,
  duration: 60,
  reason: "mine",
  manual: false,
  reopens: 0,
  apart: false,
  reach: "fleet",
  ...changes,
});
const propose = (overlay: Overlay, sighting: CircuitSighting | null): CircuitRecord | null =>
  proposal(overlay, sighting, NOW, stamp, ballot);

describe("what a record says now", () => {
  test("its generation, 0 before there is one", () => {
    expect(generationOf(null)).toBe(0);
    expect(generationOf(isClosed)).toBe(40);
  });

  test("it is in force while it is open or leased, and its time runs", () => {
    expect(inForce(null, NOW)).toBe(false);
    expect(inForce({ ...isClosed, deadline: NOW + 1 }, NOW)).toBe(false);
    expect([NOW - 1, NOW, NOW + 1].map((deadline) => inForce(isOpen(deadline), NOW))).toEqual([
      false,
      false,
      true,
    ]);
    expect(inForce(isLeased("x", NOW + 1), NOW)).toBe(true);
  });

  test("unclosed is what the fleet knows as anything else", () => {
    expect([null, isClosed, isOpen(0), isLeased("x", 0)].map(unclosed)).toEqual([false, false, true, true]);
  });
});

describe("an overlay stands under the generation it was decided under", () => {
  const states: Overlay[] = [
    opening(),
    { state: "half-open", base: 40, passed: 1 },
    { state: "closed", base: 40, reason: "", silent: false },
  ];

  test.each(states)("$state", (overlay) => {
    expect(stands(overlay, isClosed, NOW)).toBe(true);
    expect(stands({ ...overlay, base: 39 }, isClosed, NOW)).toBe(false);
    expect(stands({ ...overlay, base: 0 }, null, NOW)).toBe(true);
    expect(propose({ ...overlay, base: 39 }, isOpen(NOW + 1))).toBeNull();
  });

  test("one decided apart stands until its time, while no other restricts", () => {
    const apart = opening({ base: 39, apart: true });
    expect(stands(apart, isClosed, NOW)).toBe(true);
    expect(stands(apart, isOpen(NOW), NOW)).toBe(true);
    expect(stands(apart, isOpen(NOW + 1), NOW)).toBe(false);
    expect(stands({ ...apart, until: NOW }, isClosed, NOW)).toBe(false);
    expect(stands({ ...apart, apart: false }, isClosed, NOW)).toBe(false);
  });
});

describe("an opening for the fleet", () => {
  test("is proposed with what is left of its time", () => {
    expect(propose(opening({ reopens: 2, manual: true }), isClosed)).toEqual({
      ...opened(stamp, { duration: 60, reason: "mine", manual: true, reopens: 2 }),
      until: 1_031,
    });
    expect(propose(opening({ base: 0 }), null)?.state).toBe("open");
  });

  test("is not proposed when its time is up", () => {
    expect(propose(opening({ until: NOW }), isClosed)).toBeNull();
    expect(propose(opening({ until: NOW - 1 }), isClosed)).toBeNull();
    expect(propose(opening({ until: NOW + 0.1 }), isClosed)?.until).toBe(1_001);
  });
});

describe("an opening that says something of this host alone", () => {
  test("is told to nobody", () => {
    expect(propose(opening({ reach: "here" }), isClosed)).toBeNull();
    expect(propose(opening({ reach: "here", base: 0 }), null)).toBeNull();
    expect(propose(opening({ reach: "here" }), isLeased("another", NOW + 9))).toBeNull();
  });

  test("gives the lease back that its probe had", () => {
    const lease = isLeased("mine", NOW + 9);
    expect(propose(opening({ reach: "here" }), lease)).toEqual(yielded(stamp, lease.record, 0));
  });
});

describe("an opening that is a vote", () => {
  const vote = opening({ reach: "vote" });

  test("is one more in the record, as long as they are too few", () => {
    expect(propose(vote, isClosed)).toEqual(voted(stamp, isClosed.record, [{ host: "me", until: 1_050 }]));
    expect(propose({ ...vote, base: 0 }, null)).toEqual(voted(stamp, null, [{ host: "me", until: 1_050 }]));
  });

  test("opens the circuit when it completes the quorum", () => {
    const one = sight({ ...isClosed.record, votes: votes("other") }, 0);
    expect(propose(vote, one)).toEqual({
      ...opened(stamp, { duration: 60, reason: "mine", reopens: 0 }),
      until: 1_031,
    });
  });

  test("is dropped where the circuit is open already, and not where it was", () => {
    expect(propose(vote, isOpen(NOW + 1))).toBeNull();
    expect(propose(vote, isOpen(NOW))?.votes).toEqual([{ host: "me", until: 1_050 }]);
  });

  test("is cast beside another's lease, and in place of one's own", () => {
    const another = isLeased("another", NOW + 9);
    const cast = [{ host: "me", until: 1_050 }];
    expect(propose(vote, another)).toEqual(voted(stamp, another.record, cast));
    const own = isLeased("mine", NOW + 9);
    expect(propose(vote, own)).toEqual(voted(stamp, yielded(stamp, own.record, 0), cast));
  });
});

describe("a lease given back", () => {
  const back: Overlay = { state: "half-open", base: 40, passed: 2 };

  test("is written with the probes that passed", () => {
    const lease = isLeased("mine", NOW + 9);
    expect(propose(back, lease)).toEqual(yielded(stamp, lease.record, 2));
  });

  test("is nothing to write where the fleet never knew it open", () => {
    expect(propose({ ...back, base: 0 }, null)).toBeNull();
    expect(propose(back, isClosed)).toBeNull();
  });
});

describe("a closing", () => {
  const close: Overlay = { state: "closed", base: 40, reason: "probe succeeded", silent: false };

  test("closes what the fleet has open", () => {
    expect(propose(close, isLeased("mine", NOW + 9))).toEqual(closed(stamp, "probe succeeded"));
    expect(propose(close, isOpen(0))).toEqual(closed(stamp, "probe succeeded"));
  });

  test("is not written where it is silent", () => {
    expect(propose({ ...close, silent: true }, isOpen(0))).toBeNull();
  });

  test("withdraws this host's vote, and writes nothing where there is none", () => {
    const both = sight({ ...isClosed.record, votes: votes("other", "me") }, 0);
    expect(propose(close, both)).toEqual(voted(stamp, both.record, votes("other")));
    expect(propose({ ...close, silent: true }, both)).toEqual(voted(stamp, both.record, votes("other")));
    expect(propose(close, sight({ ...isClosed.record, votes: votes("other") }, 0))).toBeNull();
    expect(propose(close, isClosed)).toBeNull();
    expect(propose({ ...close, base: 0 }, null)).toBeNull();
  });
});
