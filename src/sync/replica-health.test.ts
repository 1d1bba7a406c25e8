import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import type { SwapResult } from "../stores/store.js";
import { type Bench, bench, deferred, isHeld, isOpen, PUSH, push, watched } from "./replica.fixture.js";
import { StoreAnswerError } from "./with-deadline.js";
import { write } from "./writer.js";

describe("the store's health", () => {
  test("is told once when it goes, and once when all is well again", () => {
    const { replica, health } = watched();
    replica.recovered();
    expect(health).toEqual([]);
    replica.trouble("first");
    replica.trouble("second");
    expect(health).toEqual(["first"]);
    replica.recovered();
    replica.recovered();
    expect(health).toEqual(["first", "up"]);
    replica.trouble("third");
    expect(health).toEqual(["first", "up", "third"]);
  });

  test("is not well while reads fail", () => {
    const { replica, health } = watched();
    replica.trouble("first");
    replica.synchroniser.closed = true;
    replica.recovered();
    expect(health).toEqual(["first"]);
  });

  test("is not well while any record is none", () => {
    const { replica, health } = watched();
    replica.deliver({ key: "hold:x", value: "rubbish" }, PUSH);
    replica.recovered();
    expect(health).toHaveLength(1);
    push(replica, "hold:x", isHeld(1, "open"));
    replica.recovered();
    expect(health).toEqual([expect.any(StoreAnswerError), "up"]);
  });

  test("is well once the store let go of what is no record", () => {
    const { replica, health } = watched();
    replica.deliver({ key: "circuit:x", value: "rubbish" }, PUSH);
    replica.lacks(replica.circuit("x"));
    replica.recovered();
    expect(health).toEqual([expect.any(StoreAnswerError), "up"]);
  });

  test("is not well while a write failed and is still wanted", () => {
    const { replica, health, breaker } = watched();
    const entry = replica.circuit("x");
    replica.trouble("first");
    entry.strikes = 1;
    breaker.pending = true;
    replica.recovered();
    expect(health).toEqual(["first"]);
    breaker.pending = false;
    replica.recovered();
    expect(health).toEqual(["first", "up"]);
    replica.trouble("second");
    breaker.pending = true;
    entry.strikes = 0;
    replica.recovered();
    expect(health).toEqual(["first", "up", "second", "up"]);
  });

  test("is nobody's wish once its breaker is gone", () => {
    const { replica, health } = bench();
    replica.circuit("x").strikes = 1;
    replica.trouble("first");
    replica.recovered();
    expect(health).toEqual(["first", "up"]);
  });

  test("of a store that answers is doubted where writes of this record fail", () => {
    const { replica } = watched();
    const entry = replica.circuit("x");
    expect(replica.unreachable(entry)).toBe(false);
    entry.strikes = 1;
    expect(replica.unreachable(entry)).toBe(true);
    entry.strikes = 0;
    replica.synchroniser.closed = true;
    expect(replica.unreachable(entry)).toBe(true);
  });
});

describe("what is settled", () => {
  function flushes({ replica, store }: Bench, name: string): { settle(answer: SwapResult): void } {
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    replica.storeClock.absent = true;
    write(
      replica,
      replica.circuit(name),
      () => isOpen(1),
      () => undefined,
    );
    return { settle: answer.resolve };
  }

  const done = { ok: true, value: encode(isOpen(1)) };

  test("is so at once where nothing is under way; what is pending is proposed", async () => {
    const { replica, breaker } = watched();
    await replica.settled();
    expect(breaker.flushes).toBe(1);
  });

  test("leaves alone what waits to be tried again", async () => {
    const { replica, breaker } = watched();
    replica.circuit("x").retry = () => undefined;
    await replica.settled();
    expect(breaker.flushes).toBe(0);
  });

  test("is so when the last write has ended, for all that asked", async () => {
    const set = watched();
    const first = flushes(set, "x");
    const second = flushes(set, "y");
    const asked: number[] = [];
    void set.replica.settled().then(() => void asked.push(1));
    void set.replica.settled().then(() => void asked.push(2));
    first.settle(done);
    await set.time.advance(0);
    expect(asked).toEqual([]);
    second.settle(done);
    await set.time.advance(0);
    expect(asked).toEqual([1, 2]);
  });

  test("isn't so when writes begin meanwhile", async () => {
    const set = watched();
    const first = flushes(set, "x");
    let settled = false;
    void set.replica.settled().then(() => {
      settled = true;
    });
    first.settle(done);
    set.breaker.flush = () => void flushes(set, "y");
    await set.time.advance(0);
    expect(settled).toBe(false);
    await set.time.advance(250);
    expect(settled).toBe(true);
  });

  test("ends the replica, at once where nothing is under way", async () => {
    const set = watched();
    set.replica.synchroniser.start();
    let closed = false;
    void set.replica.close().then(() => {
      closed = true;
    });
    await set.time.advance(0);
    expect(closed).toBe(true);
    expect(set.replica.synchroniser.closed).toBe(true);
    expect(set.store.ended).toBe(1);
    expect(set.time.pending).toBe(0);
  });

  test("is waited for at the end, half a second at most", async () => {
    const set = watched();
    set.replica.writeBegan();
    let closed = false;
    void set.replica.close().then(() => {
      closed = true;
    });
    await set.time.advance(499);
    expect(closed).toBe(false);
    expect(set.replica.synchroniser.closed).toBe(false);
    await set.time.advance(1);
    expect(closed).toBe(true);
    expect(set.replica.synchroniser.closed).toBe(true);
  });
});
