import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import { FRESH, isOpen, NOW, WALL } from "./replica.fixture.js";
import { opens, STORE_NOW, type Writing, writing } from "./writer.fixture.js";

describe("a write that loses the race", () => {
  /** Loses that many races, each to another record. */
  function beaten(races: number): Writing & { readonly times: number[] } {
    const set = writing();
    const times: number[] = [];
    const swap = set.store.swap?.bind(set.store);
    set.store.swap = (key, expected, value, ttlMs) => {
      times.push(set.time.now() - NOW);
      if (times.length <= races) set.store.held.set(key, encode(isOpen(times.length)));
      return swap?.(key, expected, value, ttlMs) ?? { ok: true, value };
    };
    return { ...set, times };
  }

  test("is decided again at once, with the other's record", () => {
    const { begin, outcomes, stamps, stored, breaker } = beaten(2);
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(stamps).toHaveLength(3);
    expect(stored()).toMatchObject({ reason: "mine" });
    expect(breaker.changes).toBe(2);
  });

  test("is dropped if nothing has to be written any more", () => {
    const { begin, outcomes, entry, stored, store } = beaten(1);
    begin((stamp) => (entry.cached === null ? opens(stamp) : null));
    expect(outcomes).toEqual(["unneeded"]);
    expect(store.count("swap")).toBe(1);
    expect(stored()).toMatchObject({ revision: 1 });
  });

  test("against a store that was rolled back expects what that holds now", () => {
    const { begin, store, entry, replica, outcomes } = writing();
    const older = encode(isOpen(39));
    replica.receive(entry, encode(isOpen(40)), FRESH, true);
    store.held.set("circuit:x", older);
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(store.asked.map(([, , expected]) => expected)).toEqual([encode(isOpen(40)), older]);
  });

  test("against a store that lost its record expects nothing there", () => {
    const { begin, store, entry, replica, outcomes } = writing();
    replica.receive(entry, encode(isOpen(40)), FRESH, true);
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(store.asked.map(([, , expected]) => expected)).toEqual([encode(isOpen(40)), null]);
  });

  test("a fourth time waits, longer each time, by a random delay", async () => {
    const { begin, time, times, outcomes, entry } = beaten(5);
    begin();
    await time.advance(1_000);
    // Half of 10 ms, doubled each time.
    expect(times).toEqual([0, 0, 0, 20, 60, 140]);
    expect(outcomes).toEqual(["granted"]);
    expect(entry.write).toBeUndefined();
  });

  test("and waits is still the only write of its entry", async () => {
    const { begin, outcomes, time, stamps } = beaten(3);
    begin();
    begin();
    expect(outcomes).toEqual(["busy"]);
    await time.advance(20);
    expect(outcomes).toEqual(["busy", "granted"]);
    expect(stamps).toHaveLength(4);
  });

  test("nine times is given up, and says nothing of the store", async () => {
    const { begin, time, times, outcomes, health, entry } = beaten(99);
    begin();
    await time.advance(10_000);
    expect(outcomes).toEqual(["failed"]);
    expect(times).toHaveLength(9);
    expect([health, entry.failures]).toEqual([[], 0]);
  });

  test("learns the store's clock from the answer", () => {
    const { begin, store, entry } = writing({ without: ["swap"], clock: "unknown" });
    const theirs = encode({ ...isOpen(40), until: STORE_NOW + 300 });
    store.swap = () => ({ ok: false, value: theirs, now: STORE_NOW });
    begin(() => (entry.cached === null ? opens({ revision: 1, nonce: "n", now: 1, by: "me" }) : null));
    expect(entry.cached).toMatchObject({ deadline: NOW + 300 });
  });

  test("in a store without a clock takes the other's record with its whole duration", () => {
    const { begin, store, entry } = writing();
    store.tells = false;
    const theirs = encode({ ...isOpen(40, 700), until: WALL });
    store.held.set("circuit:x", theirs);
    begin((stamp) => (entry.cached === null ? opens(stamp) : null));
    expect(entry.cached).toMatchObject({ deadline: NOW + 700 });
  });
});
