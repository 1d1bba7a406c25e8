import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import { bench, GAP, isOpen, PUSHED_POLL, watched } from "./replica.fixture.js";

describe("a process that was suspended, or whose clock was set", () => {
  test("by a second or more, forward or back, reads the store before it trusts its clock", async () => {
    for (const by of [1_000, -1_000]) {
      const { replica, store, time } = bench();
      replica.synchroniser.start();
      time.jumpWall(by);
      replica.synchroniser.checkDrift();
      await time.advance(GAP);
      expect(store.count("list")).toBe(2);
      replica.synchroniser.checkDrift();
      await time.advance(GAP);
      expect(store.count("list")).toBe(2);
    }
  });

  test("by less does not read the store", async () => {
    for (const by of [0, 999, -999]) {
      const { replica, store, time } = bench();
      replica.synchroniser.start();
      time.jumpWall(by);
      replica.synchroniser.checkDrift();
      await time.advance(GAP);
      expect(store.count("list")).toBe(1);
    }
  });

  test("treats the records it then finds as of unknown age", async () => {
    const { replica, store, time } = watched();
    store.tells = false;
    replica.synchroniser.start();
    time.jumpWall(60_000);
    // The process looks at its clocks once a second.
    await time.advance(1_000 + GAP - 1);
    const until = time.wall() + 301;
    store.held.set("circuit:x", encode({ ...isOpen(40), until }));
    await time.advance(1);
    expect(replica.circuit("x").cached?.deadline).toBe(time.now() + 300);
  });

  test("without its timers running for 1.5 s reads the store, even if both clocks went on", async () => {
    for (const [ms, lists] of [
      [1_500, 1],
      [1_501, 2],
    ] as const) {
      const { replica, store, time } = bench();
      replica.synchroniser.start();
      time.stall(ms);
      replica.synchroniser.checkDrift();
      await time.advance(GAP);
      expect(store.count("list")).toBe(lists);
    }
  });

  test("notices it by its own timer", async () => {
    const { replica, store, time } = bench();
    replica.synchroniser.start();
    time.stall(1_501);
    await time.advance(GAP);
    expect(store.count("list")).toBe(2);
    await time.advance(PUSHED_POLL - 1);
    expect(store.count("list")).toBe(2);
  });

  test("is not assumed while the store takes time to answer", async () => {
    const { replica, store, time } = bench();
    replica.synchroniser.start();
    store.list = (prefix) => {
      store.asked.push(["list", prefix]);
      return new Promise((done) => time.after(3_000, () => done([])));
    };
    await time.advance(PUSHED_POLL + 2_900);
    replica.synchroniser.checkDrift();
    await time.advance(1_000);
    expect(store.count("list")).toBe(2);
  });
});
