import { describe, expect, test } from "vitest";
import { StoreTimeoutError } from "../errors/store-errors.js";
import type { SwapResult } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import { deferred, FRESH, GIVEN_UP, isClosed, isOpen, NOW, RETRY, WALL } from "./replica.fixture.js";
import { writing } from "./writer.fixture.js";

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
