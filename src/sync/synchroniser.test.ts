import { describe, expect, test } from "vitest";
import type { StoreEntry } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import {
  AHEAD,
  arrive,
  bench,
  deferred,
  GAP,
  isClosed,
  isHeld,
  isOpen,
  listener,
  NOW,
  POLL,
  PUSHED_POLL,
  WALL,
  watched,
} from "./replica.fixture.js";

describe("start()", () => {
  test("subscribes and then reads everything, synchronously if the store answers synchronously", () => {
    const { replica, store, breaker } = watched();
    store.held.set("circuit:x", encode(isOpen(40)));
    store.held.set("hold:x", encode(isHeld(41, "open")));
    expect(store.asked).toEqual([]);
    replica.synchroniser.start();
    expect(store.asked).toEqual([
      ["watch", ""],
      ["list", ""],
    ]);
    expect(replica.circuit("x").cached?.record).toMatchObject({ revision: 40 });
    expect(replica.hold("x").cached?.record).toMatchObject({ revision: 41 });
    expect(breaker.changes).toBe(2);
    expect(replica.synchroniser.down).toBe(false);
  });

  test("has an effect only once", () => {
    const { replica, store } = bench();
    replica.synchroniser.start();
    replica.synchroniser.start();
    expect(store.asked).toHaveLength(2);
  });

  test("resolves ready() after the first read", async () => {
    const { replica, store, time } = bench();
    const answer = deferred<StoreEntry[]>();
    store.list = () => answer.promise;
    let ready = false;
    replica.synchroniser.start();
    void replica.synchroniser.ready().then(() => {
      ready = true;
    });
    await time.advance(0);
    expect(ready).toBe(false);
    answer.resolve([]);
    await time.advance(0);
    expect(ready).toBe(true);
    await replica.synchroniser.ready();
  });

  test("resolves ready() after the first read has failed", async () => {
    const { replica, store } = bench();
    store.list = () => {
      throw new Error("refused");
    };
    const ready = replica.synchroniser.ready();
    replica.synchroniser.start();
    await ready;
    expect(replica.synchroniser.down).toBe(true);
  });

  test("reads once the subscription is live", async () => {
    const { replica, store, time } = bench();
    const watch = deferred<AsyncDisposable>();
    store.watch = () => watch.promise;
    replica.synchroniser.start();
    await time.advance(1_000);
    expect(store.count("list")).toBe(0);
    watch.resolve({ [Symbol.asyncDispose]: async () => undefined });
    await time.advance(0);
    expect(store.count("list")).toBe(1);
  });

  test("learns the store's clock from the first entry, at the midpoint of the request", async () => {
    const { replica, store, time } = bench();
    const answer = deferred<StoreEntry[]>();
    store.list = () => answer.promise;
    replica.synchroniser.start();
    await time.advance(20);
    answer.resolve([
      { key: "circuit:x", value: encode(isClosed(1)), now: WALL + AHEAD },
      { key: "circuit:y", value: encode(isClosed(1)), now: WALL },
    ]);
    await time.advance(0);
    expect(replica.storeClock.now()).toBe(WALL + AHEAD + 10);
  });

  test("treats the records it finds as of unknown age", () => {
    const { replica, store } = watched();
    store.tells = false;
    store.held.set("circuit:x", encode({ ...isOpen(40), until: WALL + 300 }));
    replica.synchroniser.start();
    expect(replica.circuit("x").cached?.deadline).toBe(NOW + 300);
  });
});

describe("a push", () => {
  test("after the first read gets its whole duration", () => {
    const { replica, store } = watched();
    replica.synchroniser.start();
    store.watcher?.change({ key: "circuit:x", value: encode({ ...isOpen(40), until: WALL + 300 }) });
    expect(replica.circuit("x").cached?.deadline).toBe(NOW + 1_000);
  });

  test("after a gap is of unknown age until the next read", async () => {
    const { replica, store, time } = watched();
    const late = { key: "circuit:x", value: encode({ ...isOpen(40), until: WALL + 300 }) };
    replica.synchroniser.start();
    store.watcher?.gap();
    store.watcher?.change(late);
    expect(replica.circuit("x").cached?.deadline).toBe(NOW + 300);
    store.held.set("circuit:x", late.value);
    await time.advance(GAP);
    store.watcher?.change({ key: "circuit:x", value: encode({ ...isOpen(41, 2_000), until: WALL + 301 }) });
    expect(replica.circuit("x").cached?.deadline).toBe(NOW + GAP + 2_000);
  });

  test("does not change what the store is known to hold", () => {
    const { replica, store } = watched();
    replica.synchroniser.start();
    arrive(replica, replica.circuit("x"), isOpen(40));
    store.watcher?.change({ key: "circuit:x", value: encode(isClosed(39)) });
    expect(replica.circuit("x")).toMatchObject({ restoring: false, stored: encode(isOpen(40)) });
  });

  test("after close() has no effect", async () => {
    const { replica, store, breaker } = watched();
    replica.synchroniser.start();
    await replica.synchroniser.close();
    store.watcher?.change({ key: "circuit:x", value: encode(isOpen(40)) });
    expect(breaker.changes).toBe(0);
  });
});

describe("a poll", () => {
  test.each([
    [0, 0.8],
    [0.25, 0.9],
    [0.5, 1],
  ])("with the random number %d comes after %d times the interval", async (drawn, times) => {
    for (const [without, pause] of [
      [[], PUSHED_POLL],
      [["watch"], POLL],
    ] as const) {
      const { replica, store, time, chance } = bench(without);
      chance.next = drawn;
      replica.synchroniser.start();
      await time.advance(times * pause - 1);
      expect(store.count("list")).toBe(1);
      await time.advance(1);
      expect(store.count("list")).toBe(2);
    }
  });

  test("comes every second if other libraries change the store, because they push nothing", async () => {
    const { replica, store, time } = bench();
    store.foreign = true;
    replica.synchroniser.start();
    await time.advance(POLL);
    expect(store.count("list")).toBe(2);
  });

  test("repeats, with one subscription", async () => {
    const { replica, store, time } = bench();
    replica.synchroniser.start();
    await time.advance(3 * PUSHED_POLL);
    expect(store.count("list")).toBe(4);
    expect(store.count("watch")).toBe(1);
  });

  test("finds changes, which get their whole duration", async () => {
    const { replica, store, time, breaker } = watched();
    store.tells = false;
    replica.synchroniser.start();
    store.held.set("circuit:x", encode({ ...isOpen(40), until: WALL }));
    await time.advance(PUSHED_POLL);
    expect(breaker.changes).toBe(1);
    expect(replica.circuit("x").cached?.deadline).toBe(NOW + PUSHED_POLL + 1_000);
  });

  test("finds that the store has lost records, and restores them", async () => {
    const { replica, store, time } = watched();
    store.held.set("circuit:x", encode(isOpen(40, 30_000)));
    store.held.set("hold:x", encode(isHeld(40, "open")));
    replica.synchroniser.start();
    store.held.clear();
    await time.advance(PUSHED_POLL);
    expect(replica.circuit("x")).toMatchObject({ stored: null, restoring: true });
    expect(replica.hold("x")).toMatchObject({ stored: null, restoring: true });
    await time.advance(500);
    expect([...store.held.keys()]).toEqual(["circuit:x", "hold:x"]);
  });

  test("finds older records in the store, and restores the newer ones", async () => {
    const { replica, store, time } = watched();
    store.held.set("circuit:x", encode(isOpen(40, 30_000)));
    store.held.set("hold:x", encode(isHeld(40, "open")));
    replica.synchroniser.start();
    store.held.set("circuit:x", encode(isOpen(39)));
    store.held.set("hold:x", encode(isHeld(39, "closed")));
    await time.advance(PUSHED_POLL);
    expect(replica.circuit("x").restoring).toBe(true);
    expect(replica.hold("x").restoring).toBe(true);
  });

  test("drops records of unused circuits that no longer restrict calls", async () => {
    const { replica, store, time } = bench();
    store.held.set("circuit:y", encode(isOpen(40, 1_000)));
    replica.synchroniser.start();
    expect(replica.circuits.size).toBe(1);
    store.held.clear();
    await time.advance(PUSHED_POLL);
    expect(replica.circuits.size).toBe(0);
  });

  test("proposes pending decisions, except those that wait for their own retry", async () => {
    const { replica, breaker } = watched();
    replica.synchroniser.start();
    expect(breaker.flushes).toBe(0);
    for (const [pending, retry, flushes] of [
      [true, undefined, 1],
      [true, () => undefined, 0],
      [false, undefined, 0],
    ] as const) {
      const set = watched();
      set.breaker.pending = pending;
      set.replica.circuit("x").retry = retry;
      set.replica.synchroniser.start();
      expect(set.breaker.flushes).toBe(flushes);
    }
    const unwritten = bench();
    const other = listener({ pending: true });
    unwritten.replica.subscribe("y", other);
    unwritten.replica.synchroniser.start();
    expect(other.flushes).toBe(1);
  });
});
