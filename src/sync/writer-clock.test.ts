import { describe, expect, test } from "vitest";
import type { SwapResult } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import { closed, holdWritten, renewed, voted } from "../protocol/transition.js";
import { AHEAD, FRESH, isClosed, isOpen, NOW, WALL } from "./replica.fixture.js";
import { opens, STORE_NOW, writing } from "./writer.fixture.js";
import { write } from "./writer.js";

describe("a store whose clock is unknown", () => {
  test("gets one swap, stamped by the wall clock, if both clocks agree", () => {
    for (const off of [0, 100, -100]) {
      const { store, begin, stamps, outcomes, entry, replica } = writing({ clock: "unknown" });
      store.ahead = off;
      begin();
      expect(store.count("swap")).toBe(1);
      expect(stamps).toEqual([expect.objectContaining({ now: WALL })]);
      expect(outcomes).toEqual(["granted"]);
      expect(replica.storeClock.now()).toBe(WALL + off);
      expect(entry.cached?.deadline).toBe(NOW + 1_000 - Math.max(off, 0));
    }
  });

  test("gets a second swap in its own time if the clocks differ", () => {
    for (const off of [101, -101, AHEAD]) {
      const { store, begin, stored, outcomes, entry, breaker } = writing({ clock: "unknown" });
      store.ahead = off;
      begin((stamp) => ({ ...opens(stamp), votes: [{ host: "h", until: STORE_NOW + 5 }] }));
      expect(store.count("swap")).toBe(2);
      expect(outcomes).toEqual(["granted"]);
      expect(stored()).toMatchObject({
        state: "open",
        at: WALL + off,
        until: WALL + off + 1_000,
        generation: WALL,
        // The votes belong to the record before.
        votes: [{ host: "h", until: STORE_NOW + 5 }],
      });
      expect(entry.cached?.deadline).toBe(NOW + 1_000);
      expect(breaker.changes).toBe(0);
    }
  });

  test("gets a second swap for votes too", () => {
    const { store, begin, stored } = writing({ clock: "unknown" });
    begin((stamp) => voted(stamp, null, [{ host: "h", until: stamp.now + 5 }]));
    expect(store.count("swap")).toBe(2);
    expect(stored()).toMatchObject({ state: "closed", votes: [{ host: "h", until: STORE_NOW + 5 }] });
    expect(stored()).not.toHaveProperty("until");
  });

  test("gets no second swap for the renewal of another's record", () => {
    const { store, begin, stored } = writing({ clock: "unknown" });
    begin((stamp) => renewed(stamp, isOpen(40)));
    expect(store.count("swap")).toBe(1);
    expect(stored()).toMatchObject({ until: isOpen(40).until });
  });

  test("may take long to answer: the clocks agree within half of that time", async () => {
    for (const [ahead, swaps] of [
      [100, 1],
      [101, 2],
    ] as const) {
      const { store, begin, time } = writing({ clock: "unknown" });
      const { swap } = store;
      store.ahead = ahead;
      store.swap = (...args) =>
        new Promise((done) => time.after(400, () => done(swap?.apply(store, args) as SwapResult)));
      begin();
      await time.advance(2_000);
      expect(store.count("swap"), `${ahead} ms ahead`).toBe(swaps);
    }
  });

  test("gets no second swap for a record without a deadline", () => {
    const { store, begin, outcomes } = writing({ clock: "unknown" });
    begin((stamp) => closed(stamp, "mine"));
    expect(store.count("swap")).toBe(1);
    expect(outcomes).toEqual(["granted"]);
  });

  test("gets no second swap for a hold without an end", () => {
    const { store, replica } = writing({ clock: "unknown" });
    write(
      replica,
      replica.hold("x"),
      (stamp) => holdWritten(stamp, "open", { duration: 0, reason: "mine" }),
      () => undefined,
    );
    expect(store.count("swap")).toBe(1);
  });

  test("if it has none, a record lasts its whole time from the answer on", async () => {
    const { store, begin, entry, time } = writing({ clock: "unknown" });
    store.tells = false;
    const swap = store.swap?.bind(store);
    store.swap = (...args) =>
      new Promise((done) => time.after(300, () => done(swap?.(...args) as SwapResult)));
    begin();
    await time.advance(300);
    expect(entry.cached?.deadline).toBe(NOW + 300 + 1_000);
  });

  test("gets no second swap if another write came between", async () => {
    const { store, begin, outcomes, entry } = writing({ clock: "unknown" });
    const { swap } = store;
    store.swap = (...args) => {
      const answer = swap?.apply(store, args) as SwapResult;
      if (store.count("swap") === 1) store.held.set("circuit:x", encode(isOpen(STORE_NOW * 2, 5_000)));
      return answer;
    };
    let first = true;
    begin((stamp) => {
      const record = first ? opens(stamp) : null;
      first = false;
      return record;
    });
    expect(store.count("swap")).toBe(2);
    expect(outcomes).toEqual(["unneeded"]);
    expect(entry.cached).toMatchObject({ record: { revision: STORE_NOW * 2 } });
  });

  test.each([
    ["without the store's time", FRESH],
    ["with it", { now: STORE_NOW, fresh: true }],
  ])("gets the second swap even if the first record is pushed before its answer, %s", (_, arrival) => {
    const { store, begin, outcomes, entry, replica } = writing({ clock: "unknown" });
    const { swap } = store;
    store.swap = (...args) => {
      const answer = swap?.apply(store, args) as SwapResult;
      replica.storeClock.hear(arrival.now);
      replica.receive(entry, args[2], arrival, false);
      return answer;
    };
    begin();
    expect(store.count("swap")).toBe(2);
    expect(outcomes).toEqual(["granted"]);
    expect(entry.cached?.record.until).toBe(STORE_NOW + 1_000);
  });

  test("tells its clock with a refused swap too", () => {
    const { store, begin, stamps, outcomes } = writing({ clock: "unknown" });
    store.held.set("circuit:x", encode(isClosed(40)));
    begin();
    expect(stamps.map(({ now }) => now)).toEqual([WALL, STORE_NOW]);
    expect(outcomes).toEqual(["granted"]);
  });

  test("is not asked again if it has no clock; the wall clock is used", () => {
    const { store, begin, stamps, replica } = writing({ clock: "unknown" });
    store.tells = false;
    begin();
    expect(replica.storeClock.absent).toBe(true);
    begin();
    expect(stamps.map(({ now }) => now)).toEqual([WALL, WALL]);
    expect(store.count("swap")).toBe(2);
  });

  test("is known to have a clock once it has given it", () => {
    const { begin, replica } = writing({ clock: "unknown" });
    begin();
    expect(replica.storeClock.absent).toBe(false);
  });

  test("is not asked for its clock if it can't swap", () => {
    const { store, begin, stamps, replica } = writing({ clock: "unknown", without: ["swap"] });
    begin();
    expect(store.asked.map(([verb]) => verb)).toEqual(["get", "set"]);
    expect(stamps[0]).toMatchObject({ now: WALL });
    expect(replica.storeClock.absent).toBe(false);
  });
});
