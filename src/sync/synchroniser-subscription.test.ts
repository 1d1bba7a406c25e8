import { describe, expect, test } from "vitest";
import type { StoreEntry } from "../stores/store.js";
import { bench, deferred, POLL, PUSHED_POLL, watched } from "./replica.fixture.js";
import { StoreTimeoutError } from "./with-deadline.js";

describe("the subscription", () => {
  test("that fails is trouble, and is tried again with each poll, as of a store without", async () => {
    const { replica, store, time, health } = watched();
    const watch = store.watch?.bind(store);
    store.watch = () => {
      throw new Error("no push");
    };
    replica.synchroniser.start();
    expect(health).toEqual([new Error("no push"), "up"]);
    expect(store.count("list")).toBe(1);
    if (watch) store.watch = watch;
    await time.advance(POLL);
    expect(store.count("watch")).toBe(1);
    expect(store.count("list")).toBe(2);
    await time.advance(PUSHED_POLL - 1);
    expect(store.count("list")).toBe(2);
  });

  test("that hangs is given up after two seconds, and ended where it comes to be after all", async () => {
    const { replica, store, time, health } = watched();
    const watch = deferred<AsyncDisposable>();
    store.watch = () => watch.promise;
    replica.synchroniser.start();
    await time.advance(1_999);
    expect(store.count("list")).toBe(0);
    await time.advance(1);
    expect(store.count("list")).toBe(1);
    expect(health[0]).toEqual(new StoreTimeoutError(2_000));
    let ended = 0;
    watch.resolve({
      [Symbol.asyncDispose]: async () => {
        ended++;
      },
    });
    await time.advance(0);
    expect(ended).toBe(1);
  });

  test("that hangs, and fails at last, harms nobody", async () => {
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
    expect(health).toHaveLength(2);
  });

  test("that comes to be after the end is ended, and nothing is read", async () => {
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
});

describe("the end", () => {
  test("ends the subscription and the polls, and lets in whoever waits", async () => {
    const { replica, store, time } = bench();
    const answer = deferred<StoreEntry[]>();
    store.list = () => answer.promise;
    replica.synchroniser.start();
    const ready = replica.synchroniser.ready();
    await replica.synchroniser.close();
    await ready;
    expect(replica.synchroniser.down).toBe(true);
    expect(store.ended).toBe(1);
    await replica.synchroniser.close();
    expect(store.ended).toBe(1);
    await time.advance(PUSHED_POLL);
    expect(time.pending).toBe(0);
  });

  test("of one that polls makes no timer run on", async () => {
    const { replica, time } = bench();
    replica.synchroniser.start();
    expect(time.pending).toBe(1);
    await replica.synchroniser.close();
    expect(time.pending).toBe(0);
  });

  test("comes before the start as well, and whatever ending a subscription throws", async () => {
    const { replica } = bench();
    await replica.synchroniser.close();
    const other = bench();
    other.store.watch = () => ({
      [Symbol.asyncDispose]: () => {
        throw new Error("gone");
      },
    });
    other.replica.synchroniser.start();
    await expect(other.replica.synchroniser.close()).resolves.toBeUndefined();
  });
});
