import { describe, expect, test } from "vitest";
import { StoreAnswerError } from "../errors/store-errors.js";
import type { SwapResult } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import {
  type Bench,
  bench,
  deferred,
  deliver,
  GIVEN_UP,
  isHeld,
  isOpen,
  push,
  watched,
} from "./replica.fixture.js";
import { write } from "./writer.js";

describe("the health of the store", () => {
  test("is reported once as down, and once as up", () => {
    const { replica, health } = watched();
    replica.health.recovered();
    expect(health).toEqual([]);
    replica.health.failed("first");
    replica.health.failed("second");
    expect(health).toEqual(["first"]);
    replica.health.recovered();
    replica.health.recovered();
    expect(health).toEqual(["first", "up"]);
    replica.health.failed("third");
    expect(health).toEqual(["first", "up", "third"]);
  });

  test("is not reported at all for a record that was invalid only until the read was complete", () => {
    const { replica, health } = watched();
    replica.health.invalid("circuit:x", "rubbish", "no record");
    replica.health.valid("circuit:x");
    replica.health.reportInvalid();
    expect(health).toEqual([]);
  });

  test("is not up while an operator still tries to write what failed", () => {
    const { replica, health } = watched();
    const entry = replica.circuit("x");
    replica.health.unwritten.add(entry);
    replica.health.failed("no");
    entry.operators = 1;
    replica.health.recovered();
    expect(health).toEqual(["no"]);
    entry.operators = 0;
    replica.health.recovered();
    expect(health).toEqual(["no", "up"]);
  });

  test("is down for each invalid record, once while it is there, and up when all are gone", () => {
    const { replica, health } = watched();
    deliver(replica, { key: "hold:x", value: "rubbish" });
    deliver(replica, { key: "circuit:other", value: "rubbish" });
    expect(health).toEqual([]);
    replica.health.reportInvalid();
    for (let again = 0; again < 3; again++) {
      deliver(replica, { key: "hold:x", value: "rubbish" });
      deliver(replica, { key: "circuit:other", value: "rubbish" });
      replica.health.recovered();
      replica.health.reportInvalid();
    }
    expect(health).toEqual([expect.any(StoreAnswerError), expect.any(StoreAnswerError)]);
    push(replica, "hold:x", isHeld(1, "open"));
    expect(health).toHaveLength(2);
    replica.health.listed(new Set(["circuit:another"]));
    expect(health.slice(2)).toEqual(["up"]);
    deliver(replica, { key: "hold:x", value: "rubbish" });
    replica.health.reportInvalid();
    expect(health.slice(3)).toEqual([expect.any(StoreAnswerError)]);
  });

  test("is reported again for other invalid bytes, but not for bytes that were replaced before the report", () => {
    const { replica, health } = watched();
    deliver(replica, { key: "circuit:x", value: "rubbish" });
    deliver(replica, { key: "circuit:y", value: "rubbish" });
    push(replica, "circuit:y", isOpen(1));
    replica.health.reportInvalid();
    deliver(replica, { key: "circuit:x", value: "more rubbish" });
    replica.health.reportInvalid();
    expect(health.map(String)).toEqual([
      expect.stringContaining('"circuit:x" is no record of failfast (7 characters)'),
      expect.stringContaining('"circuit:x" is no record of failfast (12 characters)'),
    ]);
  });

  test("reports a hundred invalid records, and then those that replace them", () => {
    const { replica, health } = bench();
    for (let n = 0; n < 150; n++) deliver(replica, { key: `circuit:${n}`, value: "rubbish" });
    replica.health.reportInvalid();
    expect(health).toHaveLength(100);
    deliver(replica, { key: "circuit:7", value: "more rubbish" });
    replica.health.reportInvalid();
    expect(health).toHaveLength(101);
  });

  test("is reported as down when reads fail, even after an invalid record was reported", () => {
    const { replica, health } = watched();
    deliver(replica, { key: "circuit:x", value: "rubbish" });
    replica.health.reportInvalid();
    replica.health.failed("first");
    expect(health).toEqual([expect.any(StoreAnswerError), "first"]);
    replica.health.recovered();
    expect(health.slice(2)).toEqual(["up"]);
    replica.cache.recordMissing(replica.circuit("x"));
    expect(health).toHaveLength(3);
  });

  test("is not up while reads fail, even if the invalid record has gone", () => {
    const { replica, health } = watched();
    replica.health.failed("first");
    deliver(replica, { key: "circuit:x", value: "rubbish" });
    replica.health.reportInvalid();
    replica.cache.recordMissing(replica.circuit("x"));
    expect(health).toEqual(["first", expect.any(StoreAnswerError)]);
    replica.health.recovered();
    expect(health.slice(2)).toEqual(["up"]);
  });

  test("is limited if push is refused, which is reported once", () => {
    const { replica, health } = watched();
    replica.health.limited("refused");
    replica.health.limited("refused again");
    replica.health.recovered();
    expect(health).toEqual([["limited", "refused"]]);
  });

  test("is not up while a failed write is still wanted", () => {
    const { replica, health, breaker } = watched();
    const entry = replica.circuit("x");
    replica.health.failed("first");
    replica.health.unwritten.add(entry);
    breaker.pending = true;
    replica.health.recovered();
    expect(health).toEqual(["first"]);
    breaker.pending = false;
    replica.health.recovered();
    expect(health).toEqual(["first", "up"]);
    replica.health.failed("second");
    breaker.pending = true;
    replica.health.recovered();
    expect(health).toEqual(["first", "up", "second", "up"]);
  });

  test("is up if the breaker of the failed write has gone", () => {
    const { replica, health } = bench();
    replica.health.unwritten.add(replica.circuit("x"));
    replica.health.failed("first");
    replica.health.recovered();
    expect(health).toEqual(["first", "up"]);
  });
});

describe("settled()", () => {
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

  test("resolves at once if no write is under way, and proposes pending decisions first", async () => {
    const { replica, breaker } = watched();
    await replica.settled();
    expect(breaker.flushes).toBe(1);
  });

  test("does not start a write that waits for its retry", async () => {
    const { replica, breaker } = watched();
    replica.circuit("x").retry = () => undefined;
    await replica.settled();
    expect(breaker.flushes).toBe(0);
  });

  test("resolves for all callers when the last write has ended", async () => {
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

  test("also waits for writes that begin meanwhile", async () => {
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
    await set.time.advance(GIVEN_UP);
    expect(settled).toBe(true);
  });

  test("precedes the end of close(), which is at once if no write is under way", async () => {
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

  test("delays close() by half a second at most", async () => {
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
