import { describe, expect, test } from "vitest";
import type { SwapResult } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import { deferred, FRESH, GIVEN_UP, isOpen, RETRY } from "./replica.fixture.js";
import { STORE_NOW, type Writing, writing } from "./writer.fixture.js";

describe("a write whose answer is lost", () => {
  test("is granted if the next answer returns its record", () => {
    const { store, begin, outcomes, entry } = writing();
    store.swap = (_, __, value) => ({ ok: false, value });
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(entry.cached).toMatchObject({ record: { reason: "mine" } });
  });

  test("is granted once if it comes back by push, whatever comes after", async () => {
    for (const end of ["answer", "conflict", "error", "nothing"] as const) {
      const { store, time, begin, outcomes, entry, replica, breaker, health } = writing();
      const answer = deferred<SwapResult>();
      let sent = "";
      store.swap = (_, __, value) => {
        sent = value;
        return answer.promise;
      };
      begin();
      replica.receive(entry, sent, FRESH, false);
      expect(outcomes).toEqual(["granted"]);
      expect(breaker).toMatchObject({ changes: 0, flushes: 1 });
      if (end === "answer") answer.resolve({ ok: true, value: sent });
      if (end === "conflict") answer.resolve({ ok: false, value: encode(isOpen(1)) });
      if (end === "error") answer.reject(new Error("refused"));
      await time.advance(GIVEN_UP);
      expect(outcomes).toEqual(["granted"]);
      expect(entry).toMatchObject({ failures: 0, stored: sent });
      expect(health).toEqual([]);
      expect(breaker.flushes).toBe(1);
    }
  });
});

describe("a write that fails", () => {
  function failing(): Writing {
    const set = writing();
    set.store.swap = () => {
      throw new Error("refused");
    };
    return set;
  }

  test("counts as a failure, is reported, and is proposed again after a pause", async () => {
    const { begin, outcomes, entry, health, breaker, time } = failing();
    begin();
    expect(outcomes).toEqual(["failed"]);
    expect(entry).toMatchObject({ failures: 1, write: undefined, timeouts: 0 });
    expect(health).toEqual([new Error("refused")]);
    await time.advance(RETRY - 1);
    expect(breaker.flushes).toBe(0);
    expect(entry.retry).toBeDefined();
    await time.advance(1);
    expect(breaker.flushes).toBe(1);
    expect(entry.retry).toBeUndefined();
  });

  test("twice causes one retry", async () => {
    const { begin, breaker, time } = failing();
    begin();
    begin();
    expect(time.pending).toBe(1);
    await time.advance(RETRY);
    expect(breaker.flushes).toBe(1);
  });

  test("is not retried to a store that is down: the synchroniser does that when it is up", async () => {
    const { begin, breaker, time, replica } = failing();
    begin();
    void replica.synchroniser.close();
    await time.advance(RETRY);
    expect(breaker.flushes).toBe(0);
  });

  test("is not retried if its circuit is no longer used", async () => {
    const { begin, time, replica, store } = failing();
    begin();
    replica.unsubscribe("x");
    await time.advance(RETRY);
    store.swap = (_, __, value) => ({ ok: true, value });
    begin();
    expect(replica.circuits.size).toBe(0);
  });

  test("resets the failures with the next write that is granted", async () => {
    const { begin, store, entry, health, time } = failing();
    begin();
    begin();
    expect(entry.failures).toBe(2);
    store.swap = (_, __, value) => ({ ok: true, value });
    begin();
    expect(entry.failures).toBe(0);
    expect(health).toEqual([new Error("refused"), "up"]);
    await time.advance(0);
  });

  test("is reported until what was to be written is, although the store answers otherwise", () => {
    const { begin, breaker, health, replica } = failing();
    breaker.pending = true;
    begin();
    replica.health.recovered();
    expect(health).toEqual([new Error("refused")]);
    breaker.pending = false;
    replica.health.recovered();
    expect(health).toEqual([new Error("refused"), "up"]);
  });

  test("causes a read, to see whether the store is there", async () => {
    const { begin, store, replica, time } = failing();
    replica.synchroniser.start();
    expect(store.count("list")).toBe(1);
    begin();
    await time.advance(100);
    expect(store.count("list")).toBe(2);
  });
});

test("a granted write after failed ones does not tell that a store is up which can't be read", async () => {
  const { begin, store, replica, health, time } = writing();
  const { swap } = store;
  replica.synchroniser.start();
  store.swap = () => {
    throw new Error("refused");
  };
  store.list = () => {
    throw new Error("down");
  };
  begin();
  await time.advance(100);
  expect(replica.synchroniser.down).toBe(true);
  if (swap) store.swap = swap;
  begin();
  expect(health).toEqual([new Error("refused")]);
});

test("a failed write that another process made unneeded holds up no report, whatever is decided next", () => {
  const { begin, store, replica, entry, breaker, health } = writing();
  store.swap = () => {
    throw new Error("refused");
  };
  begin();
  replica.receive(entry, encode(isOpen(STORE_NOW + 9)), FRESH, false);
  breaker.pending = true;
  replica.health.recovered();
  expect(health).toEqual([new Error("refused"), "up"]);
});

test("a granted write does not clear faults that reads reported", () => {
  const { begin, replica, health } = writing();
  replica.health.failed("something else");
  begin();
  expect(health).toEqual(["something else"]);
});
