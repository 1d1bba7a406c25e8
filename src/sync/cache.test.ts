import { describe, expect, test } from "vitest";
import { StoreAnswerError } from "../errors/store-errors.js";
import type { StoreEntry } from "../options/store.js";
import { decodeCircuit, encode } from "../protocol/codec.js";
import { Entry } from "./entry.js";
import { arrivalOf } from "./local-deadline.js";
import {
  arrive,
  bench,
  deliver,
  FRESH,
  isClosed,
  isHeld,
  isLeased,
  isOpen,
  NOW,
  push,
  WALL,
  watched,
} from "./replica.fixture.js";

const HOUR = 3_600_000;

describe("a record that arrives", () => {
  test("is adopted, and its breaker is notified", () => {
    const { replica, breaker } = watched();
    push(replica, "circuit:x", isOpen(40));
    expect(replica.circuit("x")).toMatchObject({
      seen: 40,
      adopted: 1,
      cached: { raw: encode(isOpen(40)), record: { state: "open" }, deadline: NOW + 1_000 },
    });
    expect(breaker.changes).toBe(1);
    push(replica, "hold:x", isHeld(41, "open"));
    expect(replica.hold("x")).toMatchObject({ adopted: 2, cached: { record: { state: "open" } } });
    expect(replica.adoptions).toBe(2);
  });

  test("is merged with the known record: the newer one wins, in any order of arrival", () => {
    const { replica, breaker } = watched();
    const entry = replica.circuit("x");
    arrive(replica, entry, isOpen(40));
    push(replica, "circuit:x", isClosed(39));
    expect(entry.cached?.record).toMatchObject({ revision: 40 });
    expect(entry).toMatchObject({ seen: 40, adopted: 1, stored: encode(isOpen(40)), restoring: false });
    expect(breaker.changes).toBe(1);
    push(replica, "circuit:x", isClosed(41));
    expect(entry.cached?.record).toMatchObject({ revision: 41 });
    expect(entry).toMatchObject({ seen: 41, stored: encode(isClosed(41)) });
    expect(breaker.changes).toBe(2);
  });

  test("twice is adopted once", () => {
    const { replica, breaker } = watched();
    push(replica, "circuit:x", isOpen(40));
    push(replica, "circuit:x", isOpen(40));
    expect(breaker.changes).toBe(1);
    expect(replica.adoptions).toBe(1);
  });

  test("twice is decoded once", () => {
    const { replica } = bench();
    let read = 0;
    const entry = new Entry("circuit:x", (raw, wall) => {
      read++;
      return decodeCircuit(raw, wall);
    });
    arrive(replica, entry, isOpen(40));
    arrive(replica, entry, isOpen(40));
    expect(read).toBe(1);
    arrive(replica, entry, isOpen(41));
    expect(read).toBe(2);
  });

  test("is kept even if no breaker waits for it", () => {
    const { replica } = bench();
    push(replica, "circuit:x", isOpen(40));
    expect(replica.circuit("x").cached).not.toBeNull();
  });

  test("resets the number of failed writes", () => {
    const { replica } = watched();
    const entry = replica.circuit("x");
    entry.failures = 3;
    push(replica, "circuit:x", isOpen(40));
    expect(entry.failures).toBe(0);
  });

  test("grants the write under way if it is that record; the writer resets the number of failures then", () => {
    const { replica, breaker } = watched();
    const entry = replica.circuit("x");
    let granted = 0;
    entry.failures = 1;
    entry.write = { nonce: "ours", granted: () => void granted++ };
    const ours = isOpen(40, 1_000, "ours");
    push(replica, "circuit:x", isOpen(39));
    expect(granted).toBe(0);
    expect(breaker.changes).toBe(1);
    entry.failures = 1;
    push(replica, "circuit:x", ours);
    expect(granted).toBe(1);
    expect(breaker.changes).toBe(1);
    expect(entry.failures).toBe(1);
  });

  test("becomes the stored value if none is known, even if it is older", () => {
    const { replica } = watched();
    const entry = replica.circuit("x");
    push(replica, "circuit:x", isOpen(40));
    expect(entry.stored).toBe(encode(isOpen(40)));
    entry.stored = null;
    push(replica, "circuit:x", isClosed(39));
    expect(entry.stored).toBe(encode(isClosed(39)));
    push(replica, "circuit:x", isClosed(38));
    expect(entry.stored).toBe(encode(isClosed(39)));
  });

  test("as an invalid entry is reported as a fault of the store, and has no other effect", () => {
    const { replica, health, store } = watched();
    replica.synchroniser.start();
    for (const entry of [null, 7, { key: "circuit:x" }, { key: 1, value: "" }])
      store.watcher?.change(entry as StoreEntry);
    expect(health).toEqual([
      new StoreAnswerError(
        "the store delivered something that is not an entry, { key: string, value: string }",
      ),
    ]);
    expect(replica.circuits.size).toBe(0);
  });

  test("but can't be decoded is reported once for the same bytes, and changes nothing", () => {
    const { replica, health, breaker } = watched();
    deliver(replica, { key: "circuit:x", value: "rubbish" });
    replica.health.reportInvalid();
    expect(health).toEqual([
      new StoreAnswerError(
        'what the store has under "circuit:x" is no record of failfast (7 characters); it is ignored, and overwritten at the next change',
      ),
    ]);
    expect(replica.circuit("x")).toMatchObject({ cached: null, stored: "rubbish" });
    expect(breaker.changes).toBe(0);
  });
});

describe("a record that is missing or older in the store", () => {
  test("is restored if this process has seen it, and stays in force", () => {
    const { replica, breaker, time } = watched();
    const entry = replica.circuit("x");
    arrive(replica, entry, isOpen(40));
    replica.cache.recordMissing(entry);
    expect(entry).toMatchObject({ stored: null, restoring: true, cached: { record: { revision: 40 } } });
    expect(time.pending).toBe(1);
    expect(breaker.changes).toBe(1);
  });

  test("is no longer reported as unreadable", () => {
    const { replica, health } = watched();
    deliver(replica, { key: "circuit:x", value: "rubbish" });
    replica.health.reportInvalid();
    replica.cache.recordMissing(replica.circuit("x"));
    expect(health).toEqual([expect.any(StoreAnswerError), "up"]);
  });

  test("that nobody has seen counts as absent", () => {
    const { replica, health } = watched();
    const entry = replica.circuit("x");
    replica.cache.recordMissing(entry);
    expect(entry).toMatchObject({ stored: null, cached: null, restoring: false });
    expect(health).toEqual([]);
  });

  test("is restored from the newer one that this process has", async () => {
    const { replica, time, store } = watched();
    const entry = replica.circuit("x");
    arrive(replica, entry, isOpen(40));
    await time.advance(10);
    arrive(replica, entry, isClosed(39));
    expect(entry).toMatchObject({ restoring: true, stored: encode(isClosed(39)) });
    store.held.set("circuit:x", encode(isClosed(39)));
    await time.advance(500);
    expect(store.held.get("circuit:x")).toContain('"state":"open"');
  });

  test("keeps the deadline it had when it was first seen", async () => {
    const { replica, time } = watched();
    const entry = replica.circuit("x");
    arrive(replica, entry, isLeased(40, HOUR));
    await time.advance(10);
    arrive(replica, entry, isOpen(39));
    expect(entry.storedDeadline).toBe(NOW + 1_010);
    await time.advance(10);
    arrive(replica, entry, isOpen(39));
    expect(entry.storedDeadline).toBe(NOW + 1_010);
  });

  test("is not restored after an older record was pushed late", () => {
    const { replica } = watched();
    const entry = replica.circuit("x");
    arrive(replica, entry, isOpen(40));
    push(replica, "circuit:x", isOpen(39, 5_000));
    expect(entry).toMatchObject({ storedDeadline: 0, restoring: false });
    entry.stored = null;
    push(replica, "circuit:x", isOpen(39, 5_000));
    expect(entry.restoring).toBe(false);
  });
});

test("an implausible store time counts as no store time", () => {
  const { replica } = bench();
  expect(arrivalOf(replica.storeClock, WALL, true)).toEqual({ now: WALL, fresh: true });
  expect(arrivalOf(replica.storeClock, "soon", false)).toEqual({ now: undefined, fresh: false });
  expect(arrivalOf(replica.storeClock, undefined, true)).toEqual(FRESH);
});
