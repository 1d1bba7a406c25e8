import { describe, expect, test } from "vitest";
import type { SwapResult } from "../options/store.js";
import { encode } from "../protocol/codec.js";
import { HOLD_KEPT_MS, KEPT_MS, type VersionedRecord } from "../protocol/record.js";
import { holdWritten, leaseReleased, opened, type Stamp } from "../protocol/transition.js";
import type { Entry } from "./entry.js";
import { deferred, FRESH, isClosed, isOpen, NOW } from "./replica.fixture.js";
import { STORE_NOW, writing } from "./writer.fixture.js";
import { write } from "./writer.js";

describe("a write", () => {
  test("is one swap, granted synchronously if the store answers synchronously", () => {
    const { store, outcomes, begin, stored, replica, entry, breaker } = writing();
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(stored()).toMatchObject({ state: "open", by: "me", reason: "mine" });
    expect(store.count("swap")).toBe(1);
    expect(entry).toMatchObject({ write: undefined, failures: 0, stored: store.held.get("circuit:x") });
    expect(entry.cached).toMatchObject({ record: { reason: "mine" }, deadline: NOW + 1_000 });
    expect(replica.adoptions).toBe(1);
    // A decision made meanwhile is proposed. The breaker needs no notification of its own write.
    expect(breaker).toMatchObject({ flushes: 1, changes: 0 });
  });

  test("is stamped with the store's clock in whole ms, and a revision above all that were seen", () => {
    const { replica, stamps, begin, entry } = writing();
    replica.storeClock.learn(STORE_NOW + 0.75, NOW);
    begin();
    expect(stamps).toEqual([expect.objectContaining({ revision: STORE_NOW, now: STORE_NOW, by: "me" })]);
    entry.seen = STORE_NOW + 70;
    begin();
    expect(stamps[1]).toMatchObject({ revision: STORE_NOW + 71, now: STORE_NOW });
  });

  test("has a nonce of two random numbers, even if those are zero", () => {
    const { chance, stamps, begin } = writing();
    chance.next = 0.75;
    begin();
    expect(stamps[0]?.nonce).toBe(`${(0.75).toString(36).slice(2)}`.repeat(2));
    chance.next = 0;
    begin();
    expect(stamps[1]?.nonce).toBe("0");
  });

  test("expects the value that the store is known to hold", () => {
    const { store, entry, begin, outcomes } = writing();
    store.held.set("circuit:x", "theirs");
    entry.stored = "theirs";
    begin();
    expect(outcomes).toEqual(["granted"]);
    expect(store.asked[0]?.slice(0, 3)).toEqual(["swap", "circuit:x", "theirs"]);
  });

  test("is granted even if a newer record was pushed meanwhile, and that newer record is kept", async () => {
    const { store, time, begin, outcomes, entry, replica, breaker } = writing();
    const answer = deferred<SwapResult>();
    let sent = "";
    store.swap = (_, __, value) => {
      sent = value;
      return answer.promise;
    };
    begin();
    replica.receive(entry, encode(isOpen(STORE_NOW + 9)), FRESH, false);
    expect(outcomes).toEqual([]);
    answer.resolve({ ok: true, value: sent });
    await time.advance(0);
    expect(outcomes).toEqual(["granted"]);
    const newer = encode(isOpen(STORE_NOW + 9));
    expect(entry).toMatchObject({ stored: newer, restoring: false, write: undefined });
    expect(entry.cached).toMatchObject({ record: { revision: STORE_NOW + 9 } });
    expect(breaker.changes).toBe(1);
  });

  test("tells how long the store takes to answer, if it answers", async () => {
    const { store, begin, replica, time } = writing();
    store.swap = () => {
      throw new Error("refused");
    };
    begin();
    expect(replica.answerTimes.heardAt).toBe(-Infinity);
    store.swap = (_, __, value) => new Promise((done) => time.after(40, () => done({ ok: true, value })));
    begin();
    await time.advance(40);
    expect(replica.answerTimes).toMatchObject({ heardAt: NOW + 40, leaseWaitMs: 80 });
  });

  test("is not made if there is nothing to write", () => {
    const { store, begin, outcomes, breaker, entry, time } = writing();
    entry.failures = 2;
    begin(() => null);
    expect(outcomes).toEqual(["unneeded"]);
    expect(store.asked).toEqual([]);
    expect(entry).toMatchObject({ write: undefined, failures: 2 });
    expect(breaker.flushes).toBe(1);
    expect(time.pending).toBe(0);
  });

  test("is the only one of its entry at a time", async () => {
    const { store, begin, outcomes, entry, breaker } = writing();
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    const { write } = entry;
    begin();
    expect(outcomes).toEqual(["busy"]);
    expect(entry.write).toBe(write);
    expect(breaker.flushes).toBe(0);
  });

  test("delays settled() until it has ended", async () => {
    const { store, time, begin, replica } = writing();
    const answer = deferred<SwapResult>();
    store.swap = () => answer.promise;
    begin();
    let settled = false;
    void replica.settled().then(() => {
      settled = true;
    });
    await time.advance(0);
    expect(settled).toBe(false);
    answer.resolve({ ok: false, value: null });
    store.swap = (_, __, value) => ({ ok: true, value });
    await time.advance(0);
    expect(settled).toBe(true);
  });
});

describe("a record is stored", () => {
  /** The lifetime of a record in the store, whose clock is at `STORE_NOW`. */
  function kept(record: VersionedRecord): unknown {
    const { replica, store } = writing();
    const entry = replica.circuit("y") as Entry<VersionedRecord>;
    write(
      replica,
      entry,
      () => record,
      () => undefined,
    );
    return store.asked[0]?.[4];
  }

  const stamp: Stamp = { revision: 50, nonce: "n", now: STORE_NOW, by: "me" };
  const hold = (state: "open" | "closed" | "released", duration: number): VersionedRecord =>
    holdWritten(stamp, state, { duration, reason: "" });

  test("for a day longer than its deadline, in whole ms", () => {
    expect(kept(opened(stamp, { duration: 999.5, reason: "" }))).toBe(1_000 + KEPT_MS);
    expect(kept({ ...isOpen(50), until: STORE_NOW - 1 })).toBe(KEPT_MS);
    expect(kept(isClosed(50))).toBe(KEPT_MS);
    expect(kept(leaseReleased(stamp, null, 0))).toBe(KEPT_MS);
    expect(kept(hold("closed", 1_000))).toBe(1_000 + KEPT_MS);
    expect(kept(hold("released", 0))).toBe(KEPT_MS);
  });

  test("for four weeks at a time if it is a hold without an end", () => {
    expect(kept(hold("open", 0))).toBe(HOLD_KEPT_MS);
    expect(kept(hold("closed", 0))).toBe(HOLD_KEPT_MS);
  });
});
