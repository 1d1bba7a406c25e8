import { describe, expect, test } from "vitest";
import type { Admission } from "./admission.js";
import {
  type Circuit,
  circuitWith,
  dueWithSlowStore,
  enterAsync,
  fail,
  failure,
  OPEN_MS,
} from "./breaker.fixture.js";

/** It is open, its time is over, and its lease came too late for the call that asked. */
async function withUnusedLease(): Promise<Circuit> {
  const circuit = await dueWithSlowStore();
  const { breaker, time, answers } = circuit;
  const entered = enterAsync(breaker);
  await time.advance(breaker.session.leaseWaitMs);
  expect(await entered).toBeUndefined();
  circuit.atOnce();
  answers.at(-1)?.();
  await time.advance(0);
  return circuit;
}

describe("a process that ends", () => {
  test("releases a lease that none of its probes uses, so that another process may probe at once", async () => {
    const { breaker, stored } = await withUnusedLease();
    expect(stored()).toMatchObject({ state: "half-open", owner: "me" });
    breaker.leave();
    // It tells the next process that somebody was rejected because no lease came.
    expect(stored()).toMatchObject({ state: "half-open", owner: "", lapsed: 1 });
    expect(breaker.current.recovery.nests, "which would mean that calls are nested").toBe(false);
  });

  test("gives back the lease of a probe that still runs, whose outcome counts for nothing", async () => {
    const { breaker, time, stored } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS);
    const probe = (await enterAsync(breaker)) as Admission;
    breaker.leave();
    expect(stored()).toMatchObject({ state: "half-open", owner: "", lapsed: 0 });
    breaker.succeeded(probe, false);
    expect(stored()).toMatchObject({ state: "half-open" });
  });

  test("changes nothing without a lease", () => {
    const { breaker, stored, store } = circuitWith();
    breaker.leave();
    expect(store.count("swap")).toBe(0);
    fail(breaker);
    const record = stored();
    const { current } = breaker;
    breaker.leave();
    expect(breaker.current).toBe(current);
    expect(stored()).toEqual(record);
  });

  test("keeps the outcome of its probe if that is not stored yet", async () => {
    const { breaker, time, store } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS);
    const probe = (await enterAsync(breaker)) as Admission;
    store.swap = () => new Promise(() => undefined);
    breaker.failed(probe, failure());
    const { decision } = breaker.current;
    expect(decision).toMatchObject({ kind: "opened" });
    breaker.leave();
    expect(breaker.current.decision).toBe(decision);
  });
});
