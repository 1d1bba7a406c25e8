import { describe, expect, test } from "vitest";
import type { StoreEntry } from "../options/store.js";
import { bench, deferred, PUSHED_POLL, watched } from "./replica.fixture.js";

describe("close()", () => {
  test("ends the subscription and the polls, and resolves ready() for all who wait", async () => {
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

  test("leaves no timer behind, whatever comes after it", async () => {
    const { replica, store, time } = bench(["list"]);
    const answer = deferred<string | null>();
    store.get = () => answer.promise;
    replica.subscribe("x", watched().breaker);
    replica.synchroniser.start();
    await replica.synchroniser.close();
    answer.resolve(null);
    await time.advance(0);
    store.watcher?.lost?.(new Error("gone"));
    expect(time.pending).toBe(0);
  });

  test("leaves no timer behind", async () => {
    const { replica, time } = bench();
    replica.synchroniser.start();
    expect(time.pending).toBe(1);
    await replica.synchroniser.close();
    expect(time.pending).toBe(0);
  });

  test("works before start(), and if ending the subscription throws", async () => {
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
