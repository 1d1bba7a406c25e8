import { describe, expect, test } from "vitest";
import { closed } from "../protocol/transition.js";
import { isClosed, isHeld, isOpen, RETRY } from "../sync/replica.fixture.js";
import type { Admission } from "./admission.js";
import { circuitWith, enter, fail, OPEN_MS, pushed } from "./breaker.fixture.js";
import type { Breaker } from "./breaker.js";
import { LeaseRequest } from "./lease-request.js";
import { propose } from "./proposal.js";

describe("a record from the fleet", () => {
  test("opens and closes the circuit here, and calls the listeners", () => {
    const circuit = circuitWith();
    const { breaker, told, openers } = circuit;
    pushed(circuit, isOpen(40));
    expect(breaker).toMatchObject({ state: "open", current: { record: { record: { by: "other" } } } });
    expect(openers).toEqual(["other"]);
    pushed(circuit, isClosed(41));
    expect(breaker.state).toBe("closed");
    expect(told).toMatchObject([
      { type: "open", circuit: "x", by: "other", reason: "theirs", local: false, retryAfterMs: OPEN_MS },
      { type: "close", circuit: "x", by: "other", local: false },
    ]);
  });

  test("that opens the circuit is not obeyed while calls here succeed, until one fails", () => {
    const circuit = circuitWith({ failureRate: 0.5, threshold: 0 });
    const { breaker } = circuit;
    for (let call = 0; call < 20; call++) breaker.succeeded(enter(breaker) as Admission, false);
    pushed(circuit, isOpen(40));
    expect(breaker.current.remoteOpen).toBe("unconfirmed");
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker.state).toBe("open");
  });

  test("delays the probe of this process if the store has no swap", async () => {
    const circuit = circuitWith({}, { without: ["swap"] });
    circuit.chance.next = 0.5;
    pushed(circuit, isOpen(40, 1_000));
    expect(circuit.breaker.current.attemptDelayMs).toBe(50);
    const swapping = circuitWith();
    pushed(swapping, isOpen(40, 1_000));
    expect(swapping.breaker.current.attemptDelayMs).toBe(0);
  });
});

describe("a hold", () => {
  test("ends by itself, without a call or a record", async () => {
    const circuit = circuitWith();
    const { breaker, time, told } = circuit;
    pushed(circuit, isHeld(40, "open", 5_000));
    expect(breaker).toMatchObject({ state: "open", held: "open", retryAfterMs: 5_000 });
    await time.advance(4_999);
    expect(breaker.held).toBe("open");
    await time.advance(1);
    expect(breaker).toMatchObject({ state: "closed", held: undefined, current: { hold: undefined } });
    expect(breaker.admission.kind).toBe("closed");
    expect(told.map(({ type }) => type)).toEqual(["hold", "release"]);
    expect(told[1]).toMatchObject({ reason: "its time was up" });
  });

  test("is replaced by a later hold with its own end", async () => {
    const circuit = circuitWith();
    const { breaker, time } = circuit;
    pushed(circuit, isHeld(40, "open", 1_000));
    pushed(circuit, isHeld(41, "open", 5_000));
    await time.advance(1_500);
    expect(breaker.held).toBe("open");
    pushed(circuit, isHeld(42, "released"));
    expect(breaker).toMatchObject({ state: "closed", held: undefined });
    const waiting = time.pending;
    pushed(circuit, isHeld(43, "open"));
    expect(time.pending, "no timer for a hold without an end").toBe(waiting);
  });
});

describe("a decision that can't be written to the store", () => {
  test("is obeyed here, is pending, and is proposed once the store works again", async () => {
    const circuit = circuitWith({ openMs: 60_000 });
    const { breaker, store, time, stored } = circuit;
    const { swap } = store;
    store.swap = () => Promise.reject(new Error("no"));
    fail(breaker);
    await time.advance(0);
    expect(breaker).toMatchObject({
      state: "open",
      pending: true,
      current: { decision: { madeOffline: true } },
    });
    expect(stored()).toBeUndefined();
    store.swap = swap as never;
    await time.advance(2 * RETRY);
    expect(breaker.pending).toBe(false);
    expect(stored()).toMatchObject({ state: "open" });
  });

  test("is not proposed while the store is down", async () => {
    const circuit = circuitWith({ openMs: 60_000 });
    const { breaker, store, time } = circuit;
    store.list = () => Promise.reject(new Error("no"));
    store.watcher?.gap();
    await time.advance(200);
    fail(breaker);
    const asked = store.count("swap");
    breaker.flush();
    expect(breaker.pending).toBe(true);
    expect(store.count("swap")).toBe(asked);
  });
});

describe("the record that a breaker proposes", () => {
  test.each([
    ["for the lease", (breaker: Breaker): void => new LeaseRequest(breaker).send(0)],
    ["for its decision", propose],
  ])("%s follows from what the store has now", async (_, writes) => {
    const { breaker, time, replica, store } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS);
    // The record is in the cache, and the breaker was not notified yet.
    const stamp = { revision: 8e15, nonce: "n", now: 0, by: "me" };
    replica.circuit("x").cached = { raw: "", record: closed(stamp, ""), deadline: 0 };
    const asked = store.count("swap");
    writes(breaker);
    expect(breaker.state).toBe("closed");
    expect(store.count("swap")).toBe(asked);
  });
});

test("a remote opening lasts at most as long as the circuit's own longest open time", () => {
  expect(circuitWith({ openMs: 5_000, backoffMax: 80_000 }).breaker.longest).toBe(80_000);
});
