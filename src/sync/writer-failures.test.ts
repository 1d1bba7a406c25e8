import { describe, expect, test } from "vitest";
import { StoreTimeoutError } from "../errors/store-errors.js";
import type { SwapResult } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import { deferred, FRESH, GIVEN_UP, isClosed, isOpen, NOW, RETRY, WALL } from "./replica.fixture.js";
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

describe("a write to a store that hangs", () => {
  test("times out after five seconds, with longer pauses each time", async () => {
    const { begin, store, outcomes, entry, health, time, breaker } = writing();
    store.swap = () => new Promise(() => undefined);
    begin();
    await time.advance(GIVEN_UP - 1);
    expect(outcomes).toEqual([]);
    await time.advance(1);
    expect(outcomes).toEqual(["failed"]);
    expect(health).toEqual([new StoreTimeoutError(GIVEN_UP)]);
    expect(entry.timeouts).toBe(1);
    begin();
    await time.advance(GIVEN_UP);
    expect(entry.timeouts).toBe(2);
    expect(breaker.flushes).toBe(1);
    await time.advance(4 * RETRY - 1);
    expect(breaker.flushes).toBe(1);
    await time.advance(1);
    expect(breaker.flushes).toBe(2);
  });

  test("that then answers or fails starts again at the first pause", async () => {
    const { begin, store, entry, time } = writing();
    for (const answer of [
      () => Promise.reject(new Error("refused")),
      async () => ({ ok: true, value: encode(isClosed(1)) }),
    ]) {
      store.swap = () => new Promise(() => undefined);
      begin();
      await time.advance(GIVEN_UP);
      store.swap = answer;
      begin();
      await time.advance(0);
      expect(entry.timeouts).toBe(0);
    }
  });

  test("that is granted late counts as granted", async () => {
    const { begin, store, entry, outcomes, time, breaker, health } = writing();
    const answer = deferred<SwapResult>();
    let sent = "";
    store.swap = (_, __, value) => {
      sent = value;
      return answer.promise;
    };
    begin();
    await time.advance(GIVEN_UP);
    expect(outcomes).toEqual(["failed"]);
    answer.resolve({ ok: true, value: sent });
    await time.advance(0);
    expect(entry).toMatchObject({ stored: sent, failures: 0 });
    expect(entry.cached).toMatchObject({ record: { reason: "mine" } });
    expect(breaker.changes).toBe(1);
    expect(health).toEqual([new StoreTimeoutError(GIVEN_UP), "up"]);
  });

  test("that is refused late gives the other record", async () => {
    const { begin, store, entry, time } = writing();
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    await time.advance(GIVEN_UP);
    answer.resolve({ ok: false, value: encode(isOpen(40)), now: time.wall() });
    await time.advance(0);
    expect(entry.cached).toMatchObject({ record: { revision: 40 } });
  });

  test("that is answered late tells the store's clock, and how long the store takes", async () => {
    const { begin, store, replica, time } = writing();
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    await time.advance(GIVEN_UP + 100);
    expect(replica.answerTimes.heardAt).toBe(-Infinity);
    answer.resolve({ ok: false, value: null, now: 2 * WALL });
    await time.advance(0);
    expect(replica.answerTimes).toMatchObject({ heardAt: NOW + GIVEN_UP + 100, leaseWaitMs: 250 });
    expect(replica.storeClock.now()).toBe(2 * WALL + (GIVEN_UP + 100) / 2);
  });

  test("that is refused late in a store without a clock gives the other record its whole time", async () => {
    const { begin, store, entry, time } = writing();
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    await time.advance(GIVEN_UP);
    answer.resolve({ ok: false, value: encode({ ...isOpen(40, 700), until: WALL }) });
    await time.advance(0);
    expect(entry.cached?.deadline).toBe(NOW + GIVEN_UP + 700);
  });

  test("that is answered late is no failure any more, also if the answer is what is known already", async () => {
    const { begin, store, entry, health, replica, time } = writing();
    const answer = deferred<SwapResult>();
    replica.receive(entry, encode(isOpen(40)), FRESH, true);
    store.swap = () => answer.promise;
    begin();
    await time.advance(GIVEN_UP);
    expect(entry.failures).toBe(1);
    answer.resolve({ ok: false, value: encode(isOpen(40)) });
    await time.advance(0);
    expect(entry.failures).toBe(0);
    expect(health).toEqual([new StoreTimeoutError(GIVEN_UP), "up"]);
  });

  test("that is refused late restores nothing if another write is under way or a newer record came", async () => {
    for (const since of ["write", "push"] as const) {
      const { begin, store, entry, time, replica } = writing();
      const answer = deferred<SwapResult>();
      replica.receive(entry, encode(isOpen(40)), FRESH, true);
      store.swap = () => answer.promise;
      begin();
      await time.advance(GIVEN_UP);
      if (since === "write") begin();
      else replica.receive(entry, encode(isOpen(41)), FRESH, false);
      answer.resolve({ ok: false, value: encode(isOpen(39)) });
      await time.advance(0);
      expect(entry.restoring).toBe(false);
    }
  });

  test("that fails late is retried sooner", async () => {
    const { begin, store, entry, time, breaker } = writing();
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    await time.advance(GIVEN_UP + 100);
    answer.reject(new Error("too late"));
    await time.advance(0);
    expect(entry.timeouts).toBe(0);
    await time.advance(RETRY / 2 - 1);
    expect(breaker.flushes).toBe(0);
    await time.advance(1);
    expect(breaker.flushes).toBe(1);
    expect(time.pending).toBe(0);
  });

  test("that fails after the pause is not retried sooner", async () => {
    const { begin, store, time, breaker } = writing();
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    await time.advance(GIVEN_UP + 2 * RETRY);
    expect(breaker.flushes).toBe(1);
    answer.reject(new Error("too late"));
    await time.advance(0);
    expect(time.pending).toBe(0);
  });
});
