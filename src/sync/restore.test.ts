import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import { type CircuitRecord, type HoldRecord, LEASE_LONGEST_MS } from "../protocol/record.js";
import type { Entry } from "./entry.js";
import {
  type Bench,
  bench,
  isClosed,
  isHeld,
  isLeased,
  isOpen,
  type Listener,
  listener,
  NOW,
} from "./replica.fixture.js";
import { restore } from "./restore.js";

/** The delay, with a random number of a half. */
const JITTER = 500;

interface Forgotten extends Bench {
  readonly entry: Entry<CircuitRecord>;
  readonly breaker: Listener;
}

/** This process saw `mine`, in force for an hour by default. The store, as far as is known, has `theirs`. */
function forgotten(mine: CircuitRecord, theirs?: CircuitRecord, given = {}): Forgotten {
  const set = bench();
  const breaker = listener();
  set.replica.subscribe("x", breaker);
  const entry = set.replica.circuit("x");
  const { deadline, storedDeadline } = {
    deadline: NOW + 3_600_000,
    storedDeadline: NOW + 3_600_000,
    ...given,
  };
  entry.cached = { raw: encode(mine), record: mine, deadline };
  entry.seen = mine.revision;
  entry.stored = theirs === undefined ? null : encode(theirs);
  entry.storedDeadline = storedDeadline;
  if (theirs !== undefined) set.store.held.set("circuit:x", encode(theirs));
  return { ...set, entry, breaker };
}

/** The store's record after the replica has restored its own. */
async function restored({ time, store, replica, entry }: Forgotten): Promise<unknown> {
  restore(replica, entry);
  await time.advance(JITTER);
  const raw = store.held.get("circuit:x");
  return raw === undefined ? undefined : JSON.parse(raw);
}

/** How often the store was asked to write a record. */
const writes = (bench: Bench): number => bench.store.count("swap");

describe("a store that has lost a record in force", () => {
  test("gets it again: the same state, above every revision seen", async () => {
    const set = forgotten(isOpen(40));
    const { revision, nonce, ...rest } = isOpen(40);
    const written = await restored(set);
    expect(written).toMatchObject({ state: "open", until: rest.until, by: "other", generation: 40 });
    expect(written).not.toMatchObject({ revision });
    expect(written).not.toMatchObject({ nonce });
    expect(set.entry.seen).toBeGreaterThan(revision);
    expect(set.breaker.changes).toBe(1);
  });

  test("gets it after a random part of a second, once, however often the loss is noticed", async () => {
    const set = forgotten(isOpen(40));
    restore(set.replica, set.entry);
    restore(set.replica, set.entry);
    expect(set.time.pending).toBe(1);
    await set.time.advance(JITTER - 1);
    expect(set.store.asked).toEqual([]);
    await set.time.advance(1);
    expect(writes(set)).toBe(1);
  });

  test("gets it again each time that it loses it", async () => {
    const set = forgotten(isOpen(40, 3_600_000));
    await restored(set);
    set.store.held.clear();
    set.entry.stored = null;
    expect(await restored(set)).toMatchObject({ state: "open" });
  });

  test.each([
    [1, 2],
    [5, 32],
    [9, 32],
  ])("after %i failed writes the delay is %i times as long", async (failures, times) => {
    const set = forgotten(isOpen(40));
    set.entry.failures = failures;
    restore(set.replica, set.entry);
    await set.time.advance(times * JITTER - 1);
    expect(set.store.asked).toEqual([]);
    await set.time.advance(1);
    expect(writes(set)).toBe(1);
  });

  test("gets nothing after close()", async () => {
    const set = forgotten(isOpen(40));
    void set.replica.synchroniser.close();
    expect(await restored(set)).toBeUndefined();
    expect(set.store.asked).toEqual([]);
  });

  test("gets nothing if another process was faster", async () => {
    const set = forgotten(isOpen(40));
    restore(set.replica, set.entry);
    set.entry.stored = encode(isOpen(41));
    await set.time.advance(JITTER);
    expect(set.store.asked).toEqual([]);
  });
});

describe("nothing is restored", () => {
  async function silent(set: Forgotten): Promise<void> {
    restore(set.replica, set.entry);
    expect(set.time.pending).toBe(0);
  }

  test("if this process has no record", async () => {
    const set = forgotten(isOpen(40));
    set.entry.cached = null;
    await silent(set);
  });

  test("if the store holds the record that was seen", async () => silent(forgotten(isOpen(40), isOpen(40))));

  test("if the store holds a record as new, or newer", async () => {
    await silent(forgotten(isOpen(40), isOpen(40, 500)));
    await silent(forgotten(isOpen(40), isClosed(41)));
  });

  test("if no record is in force: closed, or past its deadline", async () => {
    await silent(forgotten(isClosed(40)));
    await silent(forgotten(isOpen(40), undefined, { deadline: NOW }));
    await silent(forgotten(isClosed(40), isClosed(39)));
    await silent(forgotten(isClosed(40), isOpen(39), { storedDeadline: NOW }));
  });
});

describe("between this process's record and an older one in the store", () => {
  const hour = 3_600_000;

  test.each([
    ["the open one, beside a lease", isOpen(40), isLeased(39), 40],
    ["the open one, beside a newer lease", isLeased(40), isOpen(39), 39],
    ["the later deadline", isOpen(40), isOpen(39, hour), 39],
    ["the later deadline", isOpen(40, hour), isOpen(39), 40],
    ["the newer where they are alike", isOpen(40), isOpen(39), 40],
    ["the one in force, beside a closed one", isOpen(40), isClosed(39), 40],
    ["the one in force, beside a newer closed one", isClosed(40), isOpen(39), 39],
    ["the lease, beside a newer closed one", isClosed(40), isLeased(39), 39],
  ])("%s is restored", async (_, mine, theirs, generation) => {
    expect(await restored(forgotten(mine, theirs))).toMatchObject({ generation });
  });

  test("one past its deadline in the store does not count", async () => {
    expect(await restored(forgotten(isLeased(40), isOpen(39), { storedDeadline: NOW }))).toMatchObject({
      generation: 40,
    });
  });

  test("one past its deadline here does not count", async () => {
    const set = forgotten(isOpen(40, LEASE_LONGEST_MS), isLeased(39), { deadline: NOW });
    expect(await restored(set)).toMatchObject({ generation: 39 });
  });

  test("invalid bytes in the store count as nothing", async () => {
    const set = forgotten(isOpen(40));
    set.store.held.set("circuit:x", "rubbish");
    set.entry.stored = "rubbish";
    expect(await restored(set)).toMatchObject({ generation: 40 });
  });
});

describe("an operator's hold", () => {
  interface Held extends Bench {
    readonly entry: Entry<HoldRecord>;
  }

  function held(mine: HoldRecord, theirs?: HoldRecord): Held {
    const set = bench();
    const entry = set.replica.hold("x");
    entry.cached = { raw: encode(mine), record: mine, deadline: NOW + mine.duration };
    entry.stored = theirs === undefined ? null : encode(theirs);
    if (theirs !== undefined) set.store.held.set("hold:x", encode(theirs));
    return { ...set, entry };
  }

  async function told({ time, store, replica, entry }: Held): Promise<unknown> {
    restore(replica, entry);
    await time.advance(JITTER);
    return JSON.parse(store.held.get("hold:x") ?? "null");
  }

  test.each([
    ["without an end", isHeld(40, "open")],
    ["that holds it closed", isHeld(40, "closed")],
    ["that still runs", isHeld(40, "open", 3_600_000)],
  ])("%s is restored in a store that lost it", async (_, hold) => {
    expect(await told(held(hold))).toMatchObject({ state: hold.state, by: "other" });
  });

  test("that is released or past its end is not restored", async () => {
    const over = held(isHeld(40, "open", 1));
    await over.time.advance(1);
    for (const set of [held(isHeld(40, "released")), over]) {
      restore(set.replica, set.entry);
      expect(set.time.pending).toBe(0);
    }
  });

  test("is restored even if released or past its end, if the store has an older one", async () => {
    expect(await told(held(isHeld(40, "released"), isHeld(39, "open")))).toMatchObject({ state: "released" });
    const over = held(isHeld(40, "closed", 1), isHeld(39, "open"));
    await over.time.advance(1);
    expect(await told(over)).toMatchObject({ state: "closed" });
  });
});
