import { describe, expect, test } from "vitest";
import { AHEAD, isLeased, NOW, WALL } from "../sync/replica.fixture.js";
import type { Admission } from "./admission.js";
import {
  type Circuit,
  circuitWith,
  dueWithSlowStore,
  enter,
  enterAsync,
  failure,
  OPEN_MS,
  pushed,
} from "./breaker.fixture.js";
import { LeaseRequest } from "./lease-request.js";

describe("a request for the lease", () => {
  test("is one write for all callers that wait, and answers all of them", async () => {
    const { breaker, time, answers } = await dueWithSlowStore();
    const first = enterAsync(breaker);
    const others = [enterAsync(breaker), enterAsync(breaker)];
    expect(answers).toHaveLength(1);
    answers[0]?.();
    await time.advance(0);
    expect(await first).toMatchObject({ kind: "probe" });
    expect(await Promise.all(others)).toEqual([undefined, undefined]);
  });

  test("that fails makes its caller the probe", async () => {
    const { breaker, time, errors } = await dueWithSlowStore();
    const entered = enterAsync(breaker);
    errors[0]?.();
    await time.advance(0);
    expect(await entered).toMatchObject({ kind: "probe" });
  });

  test("that is answered late leaves the lease to the next call", async () => {
    const { breaker, time, answers } = await dueWithSlowStore();
    const entered = enterAsync(breaker);
    await time.advance(breaker.session.leaseWaitMs);
    expect(await entered).toBeUndefined();
    answers[0]?.();
    await time.advance(0);
    expect(breaker).toMatchObject({ state: "half-open", retryAfterMs: 0 });
    expect(enter(breaker)).toMatchObject({ kind: "probe" });
  });

  test("takes the lease for the callTimeout of the call that asked", async () => {
    const { breaker, time, answers, stored } = await dueWithSlowStore();
    void enterAsync(breaker, 2_500);
    answers[0]?.();
    await time.advance(0);
    expect(stored()).toMatchObject({ owner: "me", duration: 3_500 });
  });

  test("waits for a write under way, and is sent once after it", async () => {
    const { breaker, time, answers, replica, store } = await dueWithSlowStore();
    replica.circuit("x").write = { nonce: "another's", granted: () => undefined };
    const entered = enterAsync(breaker, 2_500);
    breaker.flush();
    expect(answers).toHaveLength(0);
    replica.circuit("x").write = undefined;
    breaker.flush();
    breaker.flush();
    expect(answers).toHaveLength(1);
    answers[0]?.();
    await time.advance(0);
    expect(await entered).toMatchObject({ kind: "probe" });
    expect(JSON.parse(store.held.get("circuit:x") ?? "")).toMatchObject({ duration: 3_500 });
    const asked = store.count("swap");
    breaker.succeeded((await entered) as Admission, false);
    answers[1]?.();
    await time.advance(0);
    expect(store.count("swap")).toBe(asked + 1);
  });
});

describe("a probe without the lease, since none of the callers can wait", () => {
  /** Another process asked for the lease and did not use it. */
  async function unused(): Promise<Circuit> {
    const circuit = circuitWith();
    circuit.replica.storeClock.learn(WALL + AHEAD, NOW);
    pushed(circuit, { ...isLeased(40), lapsed: 1, owner: "" });
    await circuit.time.advance(OPEN_MS);
    return circuit;
  }

  test("asks for the lease once its call has begun", async () => {
    const { breaker, store, time, stored } = await unused();
    expect(enter(breaker, 2_500)).toMatchObject({ kind: "probe" });
    expect(store.count("swap")).toBe(0);
    await time.advance(0);
    expect(store.count("swap")).toBe(1);
    expect(stored()).toMatchObject({ state: "half-open", owner: "me" });
  });

  test("writes only its outcome if its call ends at once", async () => {
    const { breaker, store, time, stored } = await unused();
    const admission = enter(breaker) as Admission;
    breaker.failed(admission, failure());
    await time.advance(0);
    expect(store.count("swap")).toBe(1);
    expect(stored()).toMatchObject({ state: "open", reason: "it failed" });
  });
});

describe("a caller that waits for the lease", () => {
  const waiting = async (): Promise<{
    request: LeaseRequest;
    over: () => number;
    circuit: Awaited<ReturnType<typeof dueWithSlowStore>>;
  }> => {
    const circuit = await dueWithSlowStore();
    const request = new LeaseRequest(circuit.breaker);
    let times = 0;
    request.wait(circuit.time, 50, () => times++);
    return { request, over: () => times, circuit };
  };

  test("is called back once when its wait is over", async () => {
    const { over, circuit } = await waiting();
    await circuit.time.advance(49);
    expect(over()).toBe(0);
    await circuit.time.advance(1);
    expect(over()).toBe(1);
    await circuit.time.advance(1_000);
    expect(over()).toBe(1);
  });

  test("is called back with the answer, and not again when its wait is over", async () => {
    const { request, over, circuit } = await waiting();
    request.send(0);
    circuit.answers[0]?.();
    await circuit.time.advance(0);
    expect(over()).toBe(1);
    await circuit.time.advance(1_000);
    expect(over()).toBe(1);
  });

  test("waits once more if this process was blocked for twice the wait", async () => {
    const { over, circuit } = await waiting();
    circuit.time.stall(101);
    await circuit.time.advance(0);
    expect(over()).toBe(0);
    await circuit.time.advance(49);
    expect(over()).toBe(0);
    await circuit.time.advance(1);
    expect(over()).toBe(1);
  });

  test("does not wait again if this process was blocked for less", async () => {
    const { over, circuit } = await waiting();
    circuit.time.stall(100);
    await circuit.time.advance(0);
    expect(over()).toBe(1);
  });
});
