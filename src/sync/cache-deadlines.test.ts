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

  test("is the store's, if the delivery has the store's time and that is plausible", () => {
    const set = watched();
    const value = encode(isOpen(40, 10_000));
    deliver(set.replica, { key: "circuit:x", value, now: WALL + AHEAD + 9_700 });
    expect(deadline(set)).toBe(NOW + 300);
    const other = watched();
    deliver(other.replica, { key: "circuit:x", value, now: Number.NaN });
    expect(deadline(other)).toBe(NOW + 10_000);
  });

  test("of a record of unknown age is judged by the wall clock", () => {
    const set = watched();
    const value = encode({ ...isOpen(40), until: WALL + 200 });
    deliver(set.replica, { key: "circuit:x", value }, false, true);
    expect(deadline(set)).toBe(NOW + 200);
  });

  test("is fixed when the record is first seen; the same record later does not move it", async () => {
    const set = watched();
    push(set.replica, "circuit:x", isOpen(40));
    await set.time.advance(100);
    push(set.replica, "circuit:x", isOpen(40));
    expect(deadline(set)).toBe(NOW + 1_000);
    deliver(set.replica, { key: "circuit:x", value: encode(isOpen(40)), now: WALL + AHEAD });
    expect(deadline(set)).toBe(NOW + 1_000);
  });

  test("moves earlier if the same record comes again with the store's time", () => {
    const set = watched();
    push(set.replica, "circuit:x", isOpen(40));
    deliver(set.replica, { key: "circuit:x", value: encode(isOpen(40)), now: WALL + AHEAD + 600 });
    expect(deadline(set)).toBe(NOW + 400);
    expect(set.breaker.changes).toBe(2);
  });

  test("moves earlier likewise if no breaker here uses the record", () => {
    const set = bench();
    push(set.replica, "circuit:x", isOpen(40));
    deliver(set.replica, { key: "circuit:x", value: encode(isOpen(40)), now: WALL + AHEAD + 600 });
    expect(deadline(set)).toBe(NOW + 400);
  });

  test("is judged by the wall clock only once, because that clock may be set", () => {
    const set = watched();
    const value = encode({ ...isOpen(40), until: WALL + 200 });
    deliver(set.replica, { key: "circuit:x", value }, false, true);
    set.time.jumpWall(150);
    deliver(set.replica, { key: "circuit:x", value }, false, true);
    expect(deadline(set)).toBe(NOW + 200);
  });

  test("of a renewal is that of the record it renews", async () => {
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

  test("of a closed record is the time of its arrival", async () => {
    const set = watched();
    push(set.replica, "circuit:x", isClosed(40));
    await set.time.advance(100);
    push(set.replica, "circuit:x", isClosed(41));
    expect(deadline(set)).toBe(NOW + 100);
  });

  test("is at most the circuit's own longest open time", () => {
    const set = watched({ longest: 5_000 });
    push(set.replica, "circuit:x", isOpen(40, HOUR));
    expect(deadline(set)).toBe(NOW + 5_000);
  });

  test("of an operator's opening is at most a day", () => {
    const set = watched({ longest: 5_000 });
    push(set.replica, "circuit:x", { ...isOpen(40, HOUR), manual: true });
    expect(deadline(set)).toBe(NOW + HOUR);
    push(set.replica, "circuit:x", { ...isOpen(41, 2 * DAY), manual: true });
    expect(deadline(set)).toBe(NOW + OPERATOR_LONGEST_MS);
  });

  test("of an operator's hold is at most a day", () => {
    const { replica } = watched({ longest: 5_000 });
    push(replica, "hold:x", isHeld(40, "open", 2 * DAY));
    expect(replica.hold("x").cached?.deadline).toBe(NOW + OPERATOR_LONGEST_MS);
  });

  test("of a lease is at most ten minutes", () => {
    const set = watched({ longest: 5_000 });
    push(set.replica, "circuit:x", isLeased(40, HOUR));
    expect(deadline(set)).toBe(NOW + LEASE_LONGEST_MS);
  });

  test("in a store where other libraries open circuits is at most a day", () => {
    const set = watched({ longest: 5_000 });
    set.store.foreign = true;
    push(set.replica, "circuit:x", isOpen(40, 2 * DAY));
    expect(deadline(set)).toBe(NOW + OPERATOR_LONGEST_MS);
  });

  test("of an unused circuit is at most a day, and at most its own open time once it is used", async () => {
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

describe("the same record once more", () => {
  test("notifies the breaker only if it now ends sooner by the store's clock", () => {
    const { replica, breaker } = watched();
    const entry = { key: "circuit:x", value: encode(isOpen(40)) };
    deliver(replica, entry);
    expect(breaker.changes).toBe(1);
    deliver(replica, { ...entry, now: WALL + AHEAD + 300 });
    expect(breaker.changes).toBe(2);
    deliver(replica, { ...entry, now: WALL + AHEAD + 300 });
    deliver(replica, { ...entry, now: WALL + AHEAD + 200 });
    expect(breaker.changes).toBe(2);
  });
});
