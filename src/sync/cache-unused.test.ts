import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import {
  AHEAD,
  bench,
  deliver,
  isClosed,
  isHeld,
  isLeased,
  isOpen,
  listener,
  push,
  WALL,
  watched,
} from "./replica.fixture.js";
import type { Replica } from "./replica.js";

/** Every read does this at its end. */
function prune({ cache }: Replica): void {
  for (const entry of cache.entries()) if (!cache.restricts(entry)) cache.prune(entry);
}

const DAY = 24 * 3_600_000;

describe("circuits that this process does not use", () => {
  test("are kept while they restrict calls", () => {
    const { replica } = bench();
    push(replica, "circuit:open", isOpen(1));
    push(replica, "circuit:leased", isLeased(1));
    push(replica, "circuit:closed", isClosed(1));
    push(replica, "circuit:closed-with-an-end", { ...isClosed(1), until: WALL + DAY, duration: DAY });
    push(replica, "circuit:over", { ...isOpen(1), duration: 0 });
    deliver(replica, { key: "circuit:none", value: "rubbish" });
    push(replica, "hold:open", isHeld(1, "open"));
    push(replica, "hold:closed", isHeld(1, "closed", 1_000));
    push(replica, "hold:released", isHeld(1, "released"));
    push(replica, "hold:over", { ...isHeld(1, "open", 1_000), duration: 0 });
    expect([...replica.circuits.keys()]).toEqual(["open", "leased"]);
    expect([...replica.holds.keys()]).toEqual(["open", "closed"]);
  });

  test("are not even decoded if they are closed, as most are", () => {
    const { replica } = bench();
    push(replica, "circuit:x", isClosed(1));
    expect(replica.adoptions).toBe(0);
  });

  test("do not restrict calls if they are closed, whatever end the record says", () => {
    const { replica } = watched();
    push(replica, "circuit:x", { ...isClosed(1), until: WALL + AHEAD + DAY, duration: DAY });
    expect(replica.cache.restricts(replica.circuit("x"))).toBe(false);
  });

  test("are not read from other keys", () => {
    const { replica, health } = bench();
    push(replica, "other:x", isOpen(1));
    push(replica, "other:held", isHeld(1, "open"));
    expect(replica.circuits.size + replica.holds.size).toBe(0);
    expect(health).toEqual([]);
  });

  test("are not read from keys that resemble the key of a circuit in use", () => {
    const { replica, breaker } = watched();
    replica.subscribe("circuit:x", breaker);
    replica.subscribe("", breaker);
    push(replica, "olds:x", isHeld(1, "open"));
    push(replica, "notes:", isHeld(1, "open"));
    expect(replica.holds.size).toBe(0);
    expect(breaker.changes).toBe(0);
  });

  test("are judged by the store's time, and by the wall clock if their age is unknown", () => {
    const { replica } = bench();
    const value = encode(isOpen(1, 10_000));
    deliver(replica, { key: "circuit:over", value, now: WALL + AHEAD + 10_000 });
    deliver(replica, { key: "circuit:runs", value, now: WALL + AHEAD + 9_999 });
    deliver(replica, { key: "circuit:old", value: encode({ ...isOpen(1), until: WALL }) }, false, true);
    expect([...replica.circuits.keys()]).toEqual(["runs"]);
  });

  test("are kept up to ten thousand records, including holds", () => {
    const { replica } = bench();
    for (let n = 0; n < 5_000; n++) {
      push(replica, `circuit:${n}`, isOpen(1));
      push(replica, `hold:${n}`, isHeld(1, "open"));
    }
    push(replica, "circuit:more", isOpen(1));
    push(replica, "hold:more", isHeld(1, "open"));
    expect([replica.circuits.size, replica.holds.size]).toEqual([5_000, 5_000]);
    // The last one may have been in use.
    replica.subscribe("8", listener());
    replica.unsubscribe("8");
    expect([replica.circuits.size, replica.holds.size]).toEqual([5_000, 5_000]);
    // Records in use do not count towards the limit, nor do records that are known already.
    replica.subscribe("more", listener());
    push(replica, "circuit:more", isOpen(1));
    push(replica, "hold:more", isHeld(1, "open"));
    push(replica, "circuit:7", isClosed(2));
    expect([replica.circuits.size, replica.holds.size]).toEqual([5_001, 5_001]);
    expect(replica.circuit("7").cached?.record).toMatchObject({ state: "closed" });
    // Records that are no longer in use do count.
    replica.unsubscribe("more");
    expect([replica.circuits.size, replica.holds.size]).toEqual([5_000, 5_000]);
  });

  test("have to be read one by one once a record that restricts had no place", () => {
    const full = (): Replica => {
      const { replica } = bench();
      for (let n = 0; n < 10_000; n++) push(replica, `circuit:${n}`, isOpen(1));
      return replica;
    };
    const pushed = full();
    push(pushed, "hold:released", isHeld(1, "released"));
    expect(pushed.cache.overflowed).toBe(false);
    push(pushed, "circuit:more", isOpen(1));
    expect(pushed.cache.overflowed).toBe(true);
    const left = full();
    left.subscribe("more", listener());
    push(left, "circuit:more", isOpen(1));
    expect(left.cache.overflowed).toBe(false);
    left.unsubscribe("more");
    expect(left.cache.overflowed).toBe(true);
  });

  test("are forgotten once they no longer restrict calls", async () => {
    const { replica, time } = bench();
    replica.subscribe("used", listener());
    push(replica, "circuit:used", isOpen(1));
    push(replica, "hold:used", isHeld(1, "open", 1_000));
    push(replica, "circuit:short", isOpen(1));
    push(replica, "circuit:long", isOpen(1, 5_000));
    push(replica, "hold:short", isHeld(1, "open", 1_000));
    push(replica, "hold:endless", isHeld(1, "open"));
    await time.advance(999);
    prune(replica);
    expect([replica.circuits.size, replica.holds.size]).toEqual([3, 3]);
    await time.advance(1);
    prune(replica);
    expect([...replica.circuits.keys()]).toEqual(["used", "long"]);
    expect([...replica.holds.keys()]).toEqual(["used", "endless"]);
  });
});

describe("a breaker", () => {
  test("that subscribes later finds the records that were kept for it", () => {
    const { replica } = bench();
    push(replica, "circuit:x", isOpen(40));
    push(replica, "hold:x", isHeld(40, "open"));
    const breaker = listener();
    replica.subscribe("x", breaker);
    push(replica, "circuit:x", isClosed(41));
    push(replica, "hold:x", isHeld(41, "released"));
    expect(breaker.changes).toBe(2);
  });

  test("that subscribes before any record finds nothing", () => {
    const { replica } = bench();
    const breaker = listener();
    const entry = replica.circuit("x");
    replica.subscribe("x", breaker);
    expect(entry.cached).toBeNull();
    push(replica, "circuit:x", isOpen(1));
    expect(breaker.changes).toBe(1);
  });

  test("that finds only a hold gets the records that follow", () => {
    const { replica } = bench();
    push(replica, "hold:x", isHeld(40, "open"));
    const breaker = listener();
    replica.subscribe("x", breaker);
    expect(replica.circuits.size).toBe(0);
    push(replica, "hold:x", isHeld(41, "released"));
    expect(breaker.changes).toBe(1);
  });

  test("that leaves keeps records that restrict calls for the next breaker, and is not notified again", () => {
    const { replica, breaker } = watched();
    push(replica, "circuit:x", isOpen(40));
    push(replica, "hold:x", isHeld(40, "open"));
    replica.unsubscribe("x");
    expect([replica.circuits.size, replica.holds.size, replica.subscribers.size]).toEqual([1, 1, 0]);
    push(replica, "circuit:x", isClosed(41));
    push(replica, "hold:x", isHeld(41, "released"));
    expect(breaker.changes).toBe(2);
  });

  test("that leaves drops records that do not restrict calls", () => {
    const { replica } = watched();
    push(replica, "circuit:x", isClosed(40));
    push(replica, "hold:x", isHeld(40, "released"));
    replica.unsubscribe("x");
    replica.unsubscribe("x");
    expect([replica.circuits.size, replica.holds.size]).toEqual([0, 0]);
  });

  test("has one entry for its circuit and one for its hold", () => {
    const { replica, breaker } = watched();
    expect(replica.circuit("x")).toBe(replica.circuit("x"));
    expect(replica.hold("x")).toBe(replica.hold("x"));
    expect(replica.circuit("x")).toMatchObject({ key: "circuit:x", subscriber: breaker });
    expect(replica.hold("x")).toMatchObject({ key: "hold:x", subscriber: breaker });
    expect([...replica.cache.entries()].map(({ key }) => key)).toEqual(["circuit:x", "hold:x"]);
  });
});
