import { describe, expect, test } from "vitest";
import { encode } from "./codec.js";
import type { CircuitSighting, Overlay } from "./overlay.js";
import type { CircuitRecord } from "./record.js";
import { standing } from "./standing.js";
import { closed, leased, opened, type Stamp, yielded } from "./transition.js";

const NOW = 100;
const LATER = 150;
const stamp: Stamp = { revision: 40, nonce: "n", now: 900, by: "other" };
const sight = (record: CircuitRecord, deadline: number): CircuitSighting => ({
  raw: encode(record),
  record,
  deadline,
});
const isOpen = (deadline: number): CircuitSighting =>
  sight(opened(stamp, { duration: 100, reason: "" }), deadline);
const isLeased = (deadline: number): CircuitSighting =>
  sight(leased(stamp, null, { owner: "another", duration: 100, lapsed: 0 }), deadline);
const isYielded = sight(yielded(stamp, null, 0), NOW);
const isClosed = sight(closed(stamp, ""), NOW);

const opening = (until: number, base = 40): Overlay => ({
  state: "open",
  base,
  until,
  duration: 50,
  reason: "",
  manual: false,
  reopens: 0,
  apart: false,
  reach: "fleet",
});
const back: Overlay = { state: "half-open", base: 40, passed: 0 };
const close: Overlay = { state: "closed", base: 40, reason: "", silent: false };

const CLOSED = { state: "closed", until: 0 };
const DUE = { state: "due", until: 0 };
const of = (sighting: CircuitSighting | null, overlay: Overlay | null): unknown =>
  standing(sighting, overlay, NOW);

describe("by what the fleet knows alone", () => {
  test("nothing, or closed: closed", () => {
    expect(of(null, null)).toEqual(CLOSED);
    expect(of(isClosed, null)).toEqual(CLOSED);
    expect(of({ ...isClosed, deadline: LATER }, null)).toEqual(CLOSED);
  });

  test("open, or leased, until its time is up; then due", () => {
    expect(of(isOpen(LATER), null)).toEqual({ state: "open", until: LATER });
    expect(of(isLeased(LATER), null)).toEqual({ state: "half-open", until: LATER });
    expect(of(isOpen(NOW), null)).toEqual(DUE);
    expect(of(isLeased(NOW), null)).toEqual(DUE);
    expect(of(isYielded, null)).toEqual(DUE);
  });
});

describe("with what this process decided itself", () => {
  test("an opening is obeyed whatever the fleet knows, the longer of the two", () => {
    for (const sighting of [null, isClosed, isLeased(LATER), isYielded])
      expect(of(sighting, opening(120))).toEqual({ state: "open", until: 120 });
    expect(of(isOpen(LATER), opening(120))).toEqual({ state: "open", until: LATER });
    expect(of(isOpen(110), opening(120, 7))).toEqual({ state: "open", until: 120 });
  });

  test("one whose time is up is due, unless the fleet restricts still", () => {
    expect(of(null, opening(NOW, 0))).toEqual(DUE);
    expect(of(isClosed, opening(NOW))).toEqual(DUE);
    expect(of(isLeased(LATER), opening(NOW))).toEqual({ state: "half-open", until: LATER });
  });

  test("a closing and a lease given back hold under their own generation", () => {
    expect(of(isLeased(LATER), close)).toEqual(CLOSED);
    expect(of(isLeased(LATER), back)).toEqual(DUE);
    expect(of(isOpen(NOW), close)).toEqual(CLOSED);
  });

  test("and under no other", () => {
    expect(of(isLeased(LATER), { ...close, base: 39 })).toEqual({ state: "half-open", until: LATER });
    expect(of(isLeased(LATER), { ...back, base: 39 })).toEqual({ state: "half-open", until: LATER });
    expect(of(isOpen(NOW), { ...close, base: 39 })).toEqual(DUE);
    expect(of(isClosed, { ...back, base: 39 })).toEqual(CLOSED);
  });
});
