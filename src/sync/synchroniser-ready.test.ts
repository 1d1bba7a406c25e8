import { describe, expect, test } from "vitest";
import { bench, deferred, GAP, handStore, listener, NOW, WALL } from "./replica.fixture.js";
import { Replica } from "./replica.js";

describe("ready()", () => {
  test("starts, and reads", async () => {
    const { replica, store } = bench();
    await replica.synchroniser.ready();
    expect(store.count("list")).toBe(1);
  });

  test.each([
    ["20 s", [], 10_000, true],
    ["2 s without push", ["watch"], 2_000, true],
    ["2 s without push", ["watch"], 2_001, false],
  ] as const)("resolves at once if the store was read in the last %s", async (_, without, ms, atOnce) => {
    const { replica, store, time } = bench(without);
    replica.synchroniser.start();
    store.list = () => new Promise(() => undefined);
    await time.advance(ms);
    let isReady = false;
    void replica.synchroniser.ready().then(() => (isReady = true));
    await time.advance(0);
    expect(isReady).toBe(atOnce);
  });

  test("reads after a gap, and after the process slept", () => {
    const gap = bench();
    gap.replica.synchroniser.start();
    gap.replica.synchroniser.gap();
    void gap.replica.synchroniser.ready();
    expect(gap.store.count("list")).toBe(2);
    const slept = bench();
    slept.replica.synchroniser.start();
    slept.time.jumpWall(5_000);
    void slept.replica.synchroniser.ready();
    expect(slept.store.count("list")).toBe(2);
  });

  test("reads again where a read, and its timers, ended with the request that began it", () => {
    let now = NOW;
    const clock = { now: () => now, wall: () => WALL + now, random: () => 0.5, after: () => () => undefined };
    const store = handStore(clock);
    delete store.watch;
    let lists = 0;
    store.list = () => {
      lists++;
      return new Promise(() => undefined);
    };
    const { synchroniser } = new Replica(store, clock, "me", { down() {}, up() {}, limited() {} });
    synchroniser.start();
    now += 30_000;
    void synchroniser.ready();
    expect(lists).toBe(1);
    now++;
    void synchroniser.ready();
    expect(lists).toBe(2);
  });

  test("waits for a read that was sent after the gap", async () => {
    const { replica, store, time } = bench();
    const { list } = store;
    const answer = deferred<never[]>();
    store.list = () => answer.promise;
    replica.synchroniser.start();
    await time.advance(100);
    replica.synchroniser.gap();
    let isReady = false;
    void replica.synchroniser.ready().then(() => (isReady = true));
    store.list = list as never;
    answer.resolve([]);
    await time.advance(0);
    expect([isReady, store.count("list")]).toEqual([false, 0]);
    await time.advance(GAP);
    expect([isReady, store.count("list")]).toEqual([true, 1]);
  });

  test("resolves at once when the store is closed", async () => {
    const { replica, store } = bench();
    await replica.synchroniser.close();
    await replica.synchroniser.ready();
    expect(store.count("list")).toBe(0);
  });
});

describe("a store that lists changes", () => {
  function listsChanges() {
    const set = bench();
    const asked: unknown[] = [];
    set.store.list = (_, since) => {
      asked.push(since);
      return { entries: [], cursor: "c1" } as never;
    };
    return { ...set, asked };
  }

  test("is asked for what changed since the list before, and for everything after a gap", async () => {
    const { replica, time, asked } = listsChanges();
    replica.synchroniser.start();
    await time.advance(15_000);
    expect(asked).toEqual([undefined, "c1"]);
    replica.synchroniser.gap();
    await time.advance(GAP);
    expect(asked).toEqual([undefined, "c1", undefined]);
  });

  test("is asked for everything again if there was a gap during the list", async () => {
    const { replica, store, time, asked } = listsChanges();
    const { list } = store;
    const answer = deferred<never>();
    store.list = () => answer.promise;
    replica.synchroniser.start();
    replica.synchroniser.gap();
    store.list = list as never;
    answer.resolve({ entries: [], cursor: "c1" } as never);
    await time.advance(GAP);
    expect(asked).toEqual([undefined]);
  });
});

describe("a store that can't list", () => {
  /** A hundred names, all read. */
  function hundred(without: readonly "watch"[] = ["watch"]) {
    const set = bench(["list", ...without]);
    const asked: string[] = [];
    set.store.get = (key) => {
      if (key.startsWith("circuit:")) asked.push(key.slice("circuit:".length));
      return null;
    };
    for (let at = 0; at < 100; at++) set.replica.subscribe(`n${at}`, listener());
    set.replica.synchroniser.start();
    asked.length = 0;
    return { ...set, asked };
  }

  test("is asked for the names first that were called, and for none that nobody uses any more", async () => {
    const { replica, time, asked } = hundred();
    replica.synchroniser.called({ key: "n90" });
    replica.unsubscribe("n0");
    await time.advance(1_000);
    expect(asked).toEqual(["n90", ...Array.from({ length: 39 }, (_, at) => `n${at + 1}`)]);
  });

  test("is asked for more names by polls that are further apart, with push", async () => {
    const { time, asked } = hundred([]);
    await time.advance(15_000);
    expect(asked).toHaveLength(100);
  });

  test("is not asked for others because a name came into use, unless that read failed", async () => {
    const { replica, store, time, asked } = hundred();
    replica.subscribe("new", listener());
    await time.advance(100);
    expect(asked).toEqual(["new"]);
    store.get = () => Promise.reject(new Error("no"));
    replica.subscribe("newer", listener());
    await time.advance(100);
    expect(replica.synchroniser.down).toBe(true);
  });
});

test("how long to wait for a lease follows from the store's answers", async () => {
  const { replica, store, time } = bench();
  const answer = deferred<never[]>();
  store.list = () => answer.promise;
  replica.synchroniser.start();
  await time.advance(60);
  answer.resolve([]);
  await time.advance(0);
  expect(replica.leaseWaitMs()).toBe(120);
});
