import { describe, expect, test } from "vitest";
import type { StoreEntry } from "../options/store.js";
import { bench, deferred, GAP, GIVEN_UP, NOW, POLL, PUSHED_POLL, RETRY, watched } from "./replica.fixture.js";

describe("a subscription", () => {
  function refusing(): ReturnType<typeof watched> & { readonly asked: number[]; mend(): void } {
    const set = watched();
    const watch = set.store.watch?.bind(set.store);
    const asked: number[] = [];
    set.store.watch = () => {
      asked.push(set.time.now() - NOW);
      throw new Error("no push");
    };
    return {
      ...set,
      asked,
      mend() {
        if (watch) set.store.watch = watch;
      },
    };
  }

  test("that is refused is reported once as limited, and retried less and less often", async () => {
    const { replica, time, health, asked, store } = refusing();
    replica.synchroniser.start();
    expect(health).toEqual([]);
    await time.advance(POLL);
    expect(health).toEqual([["limited", new Error("no push")]]);
    await time.advance(299 * POLL);
    expect(health).toHaveLength(1);
    expect(asked).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 123_000, 183_000, 243_000]);
    // Polls replace push.
    expect(store.count("list")).toBe(301);
  });

  test("that is refused is retried at random moments, so that the processes of a fleet don't ask at once", async () => {
    const { replica, time, asked, chance } = refusing();
    chance.next = 0;
    replica.synchroniser.start();
    await time.advance(10_000);
    // After half of 1, 2, 4 and 8 seconds, with the next poll: those come every 0.8 s.
    expect(asked).toEqual([0, 800, 2_400, 4_800, 8_800]);
  });

  test("that a store can't have is no fault: it is polled", async () => {
    const { replica, store, time, health } = bench(["watch"]);
    replica.synchroniser.start();
    await time.advance(100 * POLL);
    expect(store.count("list")).toBe(101);
    expect(health).toEqual([]);
  });

  test("that is refused at first pushes later, after a read of what was missed", async () => {
    const { replica, store, time, health, mend } = refusing();
    replica.synchroniser.start();
    mend();
    await time.advance(POLL);
    expect(store.count("watch")).toBe(1);
    expect(store.count("list")).toBe(2);
    await time.advance(PUSHED_POLL - 1);
    expect(store.count("list")).toBe(2);
    expect(health).toEqual([]);
  });

  test("that is live only after the next read causes another one", async () => {
    const { replica, store, time, mend } = refusing();
    replica.synchroniser.start();
    mend();
    const watch = store.watch?.bind(store);
    store.watch = (...args) => new Promise((done) => time.after(100, () => done(watch?.(...args) as never)));
    await time.advance(POLL + 99);
    expect(store.count("list")).toBe(2);
    await time.advance(1 + GAP);
    expect(store.count("list")).toBe(3);
  });

  test("that failed while the store was down is retried as soon as the store is up", async () => {
    const { replica, store, time, health, mend } = refusing();
    const list = store.list?.bind(store);
    store.list = () => {
      throw new Error("down");
    };
    replica.synchroniser.start();
    await time.advance(20_000);
    mend();
    if (list) store.list = list;
    await time.advance(RETRY);
    expect(replica.synchroniser.down).toBe(false);
    expect(store.count("watch")).toBe(0);
    await time.advance(POLL);
    expect(store.count("watch")).toBe(1);
    expect(health).toEqual([new Error("down"), "up"]);
  });

  test("that hangs is waited for two seconds, and pushes later, after a read of what was missed", async () => {
    const { replica, store, time, health } = watched();
    const watch = deferred<AsyncDisposable>();
    store.watch = () => watch.promise;
    replica.synchroniser.start();
    await time.advance(1_999);
    expect(store.count("list")).toBe(0);
    await time.advance(1);
    expect(store.count("list")).toBe(1);
    let ended = 0;
    watch.resolve({
      [Symbol.asyncDispose]: async () => {
        ended++;
      },
    });
    await time.advance(GAP);
    expect(store.count("list")).toBe(2);
    expect(health).toEqual([]);
    await time.advance(PUSHED_POLL - 1);
    expect(store.count("list")).toBe(2);
    await replica.synchroniser.close();
    expect(ended).toBe(1);
  });

  test("that hangs is asked for one at a time, less and less often", async () => {
    const { replica, store, time } = watched();
    const asked: number[] = [];
    store.watch = () => {
      asked.push(time.now() - NOW);
      return new Promise(() => undefined);
    };
    replica.synchroniser.start();
    await time.advance(20_000);
    // Each is given up after two seconds, and the pause follows: 1, 2 and 4 seconds.
    expect(asked).toEqual([0, 3_000, 7_000, 13_000]);
  });

  test("that is made after another one took its place is ended", async () => {
    const { replica, store, time } = watched();
    const first = deferred<AsyncDisposable>();
    const watch = store.watch?.bind(store);
    store.watch = () => first.promise;
    replica.synchroniser.start();
    await time.advance(2_000);
    if (watch) store.watch = watch;
    await time.advance(2 * POLL);
    expect(store.count("watch")).toBe(1);
    let ended = 0;
    first.resolve({
      [Symbol.asyncDispose]: async () => {
        ended++;
      },
    });
    await time.advance(0);
    expect(ended).toBe(1);
    expect(store.ended).toBe(0);
  });

  test("that hangs and then fails causes no unhandled rejection", async () => {
    const { replica, store, time, health } = watched();
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const watch = deferred<AsyncDisposable>();
    store.watch = () => watch.promise;
    replica.synchroniser.start();
    await time.advance(2_000);
    watch.reject(new Error("too late"));
    await time.advance(0);
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    expect(health).toEqual([]);
    await time.advance(GAP);
    expect(store.count("list")).toBe(1);
  });

  test("that is made after close() is ended, and nothing is read", async () => {
    const { replica, store, time } = watched();
    const watch = deferred<AsyncDisposable>();
    let ended = 0;
    store.watch = () => watch.promise;
    replica.synchroniser.start();
    await replica.synchroniser.close();
    watch.resolve({
      [Symbol.asyncDispose]: async () => {
        ended++;
      },
    });
    await time.advance(0);
    expect(ended).toBe(1);
    expect(store.count("list")).toBe(0);
  });

  describe("that is interrupted", () => {
    async function interrupted() {
      const set = watched();
      set.replica.synchroniser.start();
      await set.time.advance(0);
      set.store.watcher?.lost?.(new Error("no rights any more"));
      return set;
    }

    test("is replaced by polls, from the next second on", async () => {
      const { store, time } = await interrupted();
      expect(store.count("list")).toBe(1);
      await time.advance(5 * POLL);
      expect(store.count("list")).toBe(6);
      expect(store.count("watch")).toBe(1);
    });

    test("is told once if that lasts for ten seconds, and not as a store that is down", async () => {
      const { health, time, store } = await interrupted();
      await time.advance(9 * POLL);
      store.watcher?.lost?.(new Error("still none"));
      expect(health).toEqual([]);
      await time.advance(POLL);
      expect(health).toHaveLength(1);
      await time.advance(100 * POLL);
      expect(health).toEqual([["limited", new Error("still none")]]);
    });

    test("is not told for the time that the store itself was down", async () => {
      const { health, time, store } = await interrupted();
      const list = store.list?.bind(store);
      store.list = () => {
        throw new Error("down");
      };
      await time.advance(20 * POLL);
      if (list) store.list = list;
      await time.advance(5 * POLL);
      expect(health).toEqual([new Error("down"), "up"]);
      await time.advance(10 * POLL);
      expect(health.slice(2)).toEqual([["limited", new Error("no rights any more")]]);
    });

    test("and comes back replaces the polls again", async () => {
      const { health, store, time } = await interrupted();
      await time.advance(2 * POLL);
      store.watcher?.gap();
      await time.advance(GAP);
      expect(store.count("list")).toBe(4);
      await time.advance(PUSHED_POLL - 1);
      expect(store.count("list")).toBe(4);
      expect(health).toEqual([]);
    });
  });
});

test("a late message before the first use of the store causes no read", async () => {
  const { replica, time } = bench();
  replica.synchroniser.olderArrived();
  expect(time.pending).toBe(0);
});

test("the late answer to a read that was given up does not end the read under way", async () => {
  const { replica, store, time } = bench(["watch"]);
  const first = deferred<StoreEntry[]>();
  let lists = 0;
  store.list = () => (++lists === 1 ? first.promise : new Promise(() => undefined));
  replica.synchroniser.start();
  await time.advance(GIVEN_UP + RETRY * 2);
  expect(lists).toBe(2);
  first.resolve([]);
  await time.advance(2 * POLL);
  expect(lists).toBe(2);
});
