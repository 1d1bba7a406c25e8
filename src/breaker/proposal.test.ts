import { describe, expect, test } from "vitest";
import { AHEAD, listener, NOW, RETRY, WALL } from "../sync/replica.fixture.js";
import { type Circuit, circuitWith, fail, OPEN_MS } from "./breaker.fixture.js";
import { openNow } from "./operator.js";
import { propose } from "./proposal.js";

/** The answers to the circuit's swaps, in order, given when the test says so. */
function answering({ store, replica }: Circuit): (() => void)[] {
  // A write is one swap if the store's clock is known.
  replica.storeClock.learn(WALL + AHEAD, NOW);
  const { swap } = store;
  const answers: (() => void)[] = [];
  store.swap = (...args) => new Promise((done) => answers.push(() => done(swap?.(...args) as never)));
  return answers;
}

describe("a proposal", () => {
  test("writes the decision, which is over once the store has it", async () => {
    const circuit = circuitWith();
    const answers = answering(circuit);
    fail(circuit.breaker);
    expect(circuit.breaker.current.decision).toMatchObject({ kind: "opened" });
    answers[0]?.();
    await circuit.time.advance(0);
    expect(circuit.breaker).toMatchObject({ state: "open", current: { decision: { kind: "none" } } });
    expect(circuit.stored()).toMatchObject({ state: "open" });
  });

  test("is one write at a time; a later decision is written after it", async () => {
    const circuit = circuitWith();
    const answers = answering(circuit);
    fail(circuit.breaker);
    openNow(circuit.breaker, 5_000, "by hand");
    circuit.breaker.flush();
    propose(circuit.breaker);
    expect(answers).toHaveLength(1);
    expect(circuit.breaker.current.decision).toMatchObject({ manual: true });
    answers[0]?.();
    await circuit.time.advance(0);
    expect(circuit.breaker.current.decision).toMatchObject({ kind: "opened", manual: true });
    answers[1]?.();
    await circuit.time.advance(0);
    expect(circuit.stored()).toMatchObject({ state: "open", reason: "by hand", manual: true });
    expect(circuit.breaker.current.decision).toEqual({ kind: "none" });
  });

  test("that fails keeps the opening as made offline", async () => {
    const circuit = circuitWith({ openMs: 60_000 });
    circuit.store.swap = () => Promise.reject(new Error("no"));
    fail(circuit.breaker);
    await circuit.time.advance(0);
    expect(circuit.breaker.current.decision).toMatchObject({ kind: "opened", madeOffline: true });
    const asked = circuit.store.count("list");
    await circuit.time.advance(RETRY / 2);
    expect(circuit.store.count("list")).toBe(asked + 1);
  });

  test("without a decision writes nothing", () => {
    const circuit = circuitWith();
    propose(circuit.breaker);
    expect(circuit.store.count("swap")).toBe(0);
  });

  test("that is answered after its breaker was replaced notifies the new breaker", async () => {
    const circuit = circuitWith();
    const answers = answering(circuit);
    fail(circuit.breaker);
    const { replica } = circuit;
    const after = listener();
    replica.circuit("x").subscriber = after;
    answers[0]?.();
    await circuit.time.advance(0);
    expect(after.changes).toBe(1);
  });

  test("that is answered after its breaker was removed is still stored", async () => {
    const circuit = circuitWith();
    const answers = answering(circuit);
    fail(circuit.breaker);
    circuit.breaker.retire();
    answers[0]?.();
    await circuit.time.advance(0);
    expect(circuit.stored()).toMatchObject({ state: "open" });
  });

  test("of a vote is delayed, and this process stays open meanwhile", async () => {
    const circuit = circuitWith({ quorum: 2 });
    fail(circuit.breaker);
    expect(circuit.store.count("swap")).toBe(0);
    await circuit.time.advance(99);
    expect(circuit.store.count("swap")).toBe(0);
    await circuit.time.advance(1);
    expect(circuit.stored()).toMatchObject({ state: "closed", votes: [{ host: "my-host" }] });
    expect(circuit.breaker).toMatchObject({ state: "open", retryAfterMs: OPEN_MS - 100 });
  });
});
