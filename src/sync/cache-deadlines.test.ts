import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import { LEASE_LONGEST_MS, OPERATOR_LONGEST_MS } from "../protocol/record.js";
import {
  AHEAD,
  type Bench,
  bench,
  deliver,
  isClosed,
  isHeld,
  isLeased,
  isOpen,
  listener,
  NOW,
  push,
  WALL,
  watched,
} from "./replica.fixture.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe("a deadline", () => {
  const deadline = ({ replica }: Bench, name = "x"): number | undefined =>
    replica.circuit(name).cached?.deadline;

  test("is what the store's clock says, where the delivery has it and it can be believed", () => {
    const set = watched();
    const value = encode(isOpen(40, 10_000));
    deliver(set.replica, { key: "circuit:x", value, now: WALL + AHEAD + 9_700 });
    expect(deadline(set)).toBe(NOW + 300);
    const other = watched();
    deliver(other.replica, { key: "circuit:x", value, now: Number.NaN });
    expect(deadline(other)).toBe(NOW + 10_000);
  });

  test("of a record of any age is judged by the wall clock", () => {
    const set = watched();
    const value = encode({ ...isOpen(40), until: WALL + 200 });
    deliver(set.replica, { key: "circuit:x", value }, false, true);
    expect(deadline(set)).toBe(NOW + 200);
  });

  test("is fixed at first sight: the same record later moves it no further", async () => {
    const set = watched();
    push(set.replica, "circuit:x", isOpen(40));
    await set.time.advance(100);
    push(set.replica, "circuit:x", isOpen(40));
    expect(deadline(set)).toBe(NOW + 1_000);
    deliver(set.replica, { key: "circuit:x", value: encode(isOpen(40)), now: WALL + AHEAD });
    expect(deadline(set)).toBe(NOW + 1_000);
  });

  test("moves earlier, where the same record comes with the time in the store", () => {
    const set = watched();
    push(set.replica, "circuit:x", isOpen(40));
    deliver(set.replica, { key: "circuit:x", value: encode(isOpen(40)), now: WALL + AHEAD + 600 });
    expect(deadline(set)).toBe(NOW + 400);
    expect(set.breaker.changes).toBe(2);
  });

  test("is judged once where no time comes with it: the wall clock may have moved", () => {
    const set = watched();
    const value = encode({ ...isOpen(40), until: WALL + 200 });
    deliver(set.replica, { key: "circuit:x", value }, false, true);
    set.time.jumpWall(150);
    deliver(set.replica, { key: "circuit:x", value }, false, true);
    expect(deadline(set)).toBe(NOW + 200);
  });

  test("of a renewal is that of what it renews", async () => {
    const set = watched();
    push(set.replica, "circuit:x", isOpen(40));
    await set.time.advance(100);
    push(set.replica, "circuit:x", isOpen(41));
    expect(deadline(set)).toBe(NOW + 1_000);
    expect(set.replica.circuit("x").cached?.record).toMatchObject({ revision: 41 });
  });

  test("of another state, or with another end, is its own", async () => {
    for (const next of [
      isLeased(41),
      { ...isOpen(41), until: isOpen(40).until + 1 },
      { ...isOpen(41), until: isOpen(40).until - 1 },
    ]) {
      const set = watched();
      push(set.replica, "circuit:x", isOpen(40));
      await set.time.advance(100);
      push(set.replica, "circuit:x", next);
      expect(deadline(set)).toBe(NOW + 1_100);
    }
  });

  test("of what has none is the moment it came in, each time", async () => {
    const set = watched();
    push(set.replica, "circuit:x", isClosed(40));
    await set.time.advance(100);
    push(set.replica, "circuit:x", isClosed(41));
    expect(deadline(set)).toBe(NOW + 100);
  });

  test("is not believed beyond the longest that the circuit opens for itself", () => {
    const set = watched({ longest: 5_000 });
    push(set.replica, "circuit:x", isOpen(40, HOUR));
    expect(deadline(set)).toBe(NOW + 5_000);
  });

  test("of an operator's opening is not believed beyond a day", () => {
    const set = watched({ longest: 5_000 });
    push(set.replica, "circuit:x", { ...isOpen(40, HOUR), manual: true });
    expect(deadline(set)).toBe(NOW + HOUR);
    push(set.replica, "circuit:x", { ...isOpen(41, 2 * DAY), manual: true });
    expect(deadline(set)).toBe(NOW + OPERATOR_LONGEST_MS);
  });

  test("of an operator's hold isn't either", () => {
    const { replica } = watched({ longest: 5_000 });
    push(replica, "hold:x", isHeld(40, "open", 2 * DAY));
    expect(replica.hold("x").cached?.deadline).toBe(NOW + OPERATOR_LONGEST_MS);
  });

  test("of a lease is not believed beyond ten minutes", () => {
    const set = watched({ longest: 5_000 });
    push(set.replica, "circuit:x", isLeased(40, HOUR));
    expect(deadline(set)).toBe(NOW + LEASE_LONGEST_MS);
  });

  test("in a store that others open circuits in is not believed beyond a day", () => {
    const set = watched({ longest: 5_000 });
    set.store.foreign = true;
    push(set.replica, "circuit:x", isOpen(40, 2 * DAY));
    expect(deadline(set)).toBe(NOW + OPERATOR_LONGEST_MS);
  });

  test("of an unused circuit counts for at most a day, and later for at most its user's open time", async () => {
    const set = bench();
    push(set.replica, "circuit:y", isOpen(40, 2 * DAY));
    expect(deadline(set, "y")).toBe(NOW + OPERATOR_LONGEST_MS);
    const raw = set.replica.circuit("y").cached?.raw;
    await set.time.advance(100);
    set.replica.subscribe("y", listener({ longest: 5_000 }));
    expect(deadline(set, "y")).toBe(NOW + 5_100);
    expect(set.replica.circuit("y").cached).toMatchObject({ raw, record: { revision: 40 } });
    set.replica.subscribe("y", listener({ longest: 9_000 }));
    expect(deadline(set, "y")).toBe(NOW + 5_100);
  });
});
