import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import type { VersionedRecord } from "../protocol/record.js";
import { remaining } from "./local-deadline.js";
import { isOpen } from "./replica.fixture.js";

/** A deadline of 5 000 in the store's clock, with a duration of 800. */
const record: VersionedRecord = { ...isOpen(1), until: 5_000, duration: 800 };
const LONGEST = 2_000;

describe("the time left until a deadline", () => {
  test("with the store's clock is what is left, at most the duration and the longest allowed", () => {
    const left = (now: number, longest = LONGEST, fresh = false): number =>
      remaining(record, { now, fresh }, 0, longest);
    expect(left(4_300)).toBe(700);
    expect(left(4_300, LONGEST, true)).toBe(700);
    expect(left(5_100)).toBe(-100);
    expect(left(1_000)).toBe(800);
    expect(left(1_000, 600)).toBe(600);
  });

  test("without it is the whole duration for a change seen as it happened, at most the longest allowed", () => {
    const arrival = { now: undefined, fresh: true };
    expect(remaining(record, arrival, 4_900, LONGEST)).toBe(800);
    expect(remaining(record, arrival, 4_900, 700)).toBe(700);
  });

  test("of a record of unknown age is judged by the wall clock, at most its duration and the longest allowed", () => {
    const left = (wall: number, longest = LONGEST): number =>
      remaining(record, { now: undefined, fresh: false }, wall, longest);
    expect(left(4_500)).toBe(500);
    expect(left(6_000)).toBe(-1_000);
    expect(left(1_000)).toBe(800);
    expect(left(1_000, 700)).toBe(700);
  });

  test("is none if there is no deadline", () => {
    const endless = { ...record, until: 0 };
    for (const arrival of [
      { now: 4_000, fresh: false },
      { now: undefined, fresh: true },
      { now: undefined, fresh: false },
    ])
      expect(remaining(endless, arrival, 4_500, LONGEST), encode(endless)).toBe(0);
  });
});
