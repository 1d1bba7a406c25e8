import { describe, expect, test } from "vitest";
import { isClosed, isHeld, isLeased } from "../sync/replica.fixture.js";
import type { Admission } from "./admission.js";
import {
  circuitWith,
  dueWithSlowStore,
  enter,
  enterAsync,
  fail,
  failure,
  OPEN_MS,
  pushed,
} from "./breaker.fixture.js";
import { callContexts } from "./call-contexts.js";

describe("a call", () => {
  test("is admitted under the circuit's own admission while closed", () => {
    const { breaker } = circuitWith();
    expect(enter(breaker)).toBe(breaker.admission);
    expect(breaker.admission).toMatchObject({ kind: "closed", admitsAll: true });
    expect(enter(breaker)).toBe(enter(breaker));
  });

  test("tells the replica that its name is in use: a store that can't list is asked for such names first", () => {
    const { breaker, replica } = circuitWith();
    const called: string[] = [];
    replica.synchroniser.called = ({ key }) => void called.push(key);
    enter(breaker);
    expect(called).toEqual(["x"]);
  });

  test("opens the circuit if it fails: the next call is rejected, and the opening is stored", () => {
    const { breaker, stored } = circuitWith();
    fail(breaker);
    expect(enter(breaker)).toBeUndefined();
    expect(breaker.admission.kind).toBe("rejecting");
    expect(breaker).toMatchObject({
      state: "open",
      retryAfterMs: OPEN_MS,
      current: { decision: { kind: "none" } },
    });
    expect(stored()).toMatchObject({ state: "open", reason: "it failed", by: "me", duration: OPEN_MS });
  });

  test("is rejected without a store operation while open", () => {
    const { breaker, store } = circuitWith();
    fail(breaker);
    const asked = store.asked.length;
    for (let call = 0; call < 1_000; call++) expect(enter(breaker)).toBeUndefined();
    expect(store.asked).toHaveLength(asked);
  });

  test("takes the lease after the open time; other calls are rejected meanwhile", async () => {
    const { breaker, time, stored } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS);
    expect(breaker).toMatchObject({ state: "half-open", retryAfterMs: 0 });
    const probe = await enterAsync(breaker);
    expect(probe).toMatchObject({ kind: "probe", admitsAll: false, epoch: breaker.current.epoch });
    expect(stored()).toMatchObject({ state: "half-open", owner: "me" });
    expect(enter(breaker)).toBeUndefined();
    expect(breaker.retryAfterMs).toBe(10_000);
  });

  test("closes the circuit if it is the probe and succeeds", async () => {
    const { breaker, time, stored } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS);
    breaker.succeeded((await enterAsync(breaker)) as Admission, false);
    expect(breaker).toMatchObject({ state: "closed", retryAfterMs: 0 });
    expect(enter(breaker)).toBe(breaker.admission);
    expect(stored()).toMatchObject({ state: "closed" });
  });

  test("with callTimeout takes a lease of that time plus a second", async () => {
    const { breaker, time } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS);
    await enterAsync(breaker, 2_500);
    expect(breaker.retryAfterMs).toBe(3_500);
  });

  test("within the probe belongs to the probe, and its result does not count", async () => {
    const { breaker, time } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS);
    const probe = (await enterAsync(breaker)) as Admission;
    const inner = callContexts.run(breaker, probe.epoch, () => enter(breaker));
    expect(inner).toMatchObject({ kind: "nested" });
    breaker.failed(inner as Admission, failure());
    breaker.succeeded(inner as Admission, false);
    breaker.released(inner as Admission);
    expect(breaker.current.probe).toMatchObject({ kind: "running" });
    breaker.succeeded(probe, false);
    expect(callContexts.run(breaker, probe.epoch, () => enter(breaker))).toBe(breaker.admission);
    callContexts.ended(breaker, probe.epoch);
  });

  test("probes without a lease if the store is down or refuses to write this circuit", async () => {
    for (const trouble of ["down", "read-only"]) {
      const circuit = circuitWith();
      const { breaker, store, time, replica } = circuit;
      store.swap = () => Promise.reject(new Error("no"));
      if (trouble === "down") store.list = () => Promise.reject(new Error("no"));
      fail(breaker);
      await time.advance(OPEN_MS);
      expect(replica.synchroniser.down, trouble).toBe(trouble === "down");
      expect(enter(breaker), trouble).toMatchObject({ kind: "probe" });
    }
  });

  test("is admitted or rejected as the hold says, whatever the circuit's state", () => {
    const circuit = circuitWith();
    const { breaker } = circuit;
    pushed(circuit, isHeld(40, "open"));
    expect(enter(breaker)).toBeUndefined();
    pushed(circuit, isHeld(41, "closed"));
    expect(enter(breaker)).toBe(breaker.admission);
    expect(breaker.admission).toMatchObject({ kind: "held", admitsAll: true });
    fail(breaker);
    expect(breaker).toMatchObject({ state: "closed", held: "closed" });
    expect(breaker.current).toMatchObject({ decision: { kind: "none" }, hold: { state: "closed" } });
  });
});

describe("a caller that can wait", () => {
  /** The store answers the request for the lease when the test says so. */
  async function asking(): Promise<
    ReturnType<typeof circuitWith> & { answer(): void; entered: Promise<Admission | undefined> }
  > {
    const circuit = await dueWithSlowStore();
    const entered = enterAsync(circuit.breaker);
    return { ...circuit, entered, answer: () => circuit.answers.at(-1)?.() };
  }

  test("waits for its lease, and then probes", async () => {
    const { time, entered, answer, breaker } = await asking();
    expect(breaker.current.probe).toMatchObject({ kind: "waiting" });
    answer();
    await time.advance(0);
    expect(await entered).toMatchObject({ kind: "probe" });
  });

  test("is rejected if the lease does not come in time, and so is another call at that moment", async () => {
    const { time, entered, breaker } = await asking();
    await time.advance(breaker.session.leaseWaitMs);
    expect(await entered).toBeUndefined();
    expect(breaker.current.recovery.unserved).toBe(true);
    expect(enter(breaker)).toBeUndefined();
  });

  test("is admitted if the circuit was closed meanwhile", async () => {
    const circuit = await asking();
    pushed(circuit, isClosed(2_000_000));
    await circuit.time.advance(circuit.breaker.session.leaseWaitMs);
    expect(await circuit.entered).toBe(circuit.breaker.admission);
  });
});

describe("a rejection", () => {
  test("has the circuit, its state, the time that is left and the cause", async () => {
    const { breaker, time } = circuitWith();
    const error = new Error("down");
    fail(breaker, { error });
    await time.advance(400);
    enter(breaker);
    expect(breaker.rejections).toMatchObject({
      circuit: "x",
      state: "open",
      held: undefined,
      retryAfterMs: 600,
      cause: error,
    });
    expect(breaker.current.cause).toBe(error);
  });

  test("during another process's probe is half-open, with the time that its lease has left", () => {
    const circuit = circuitWith();
    pushed(circuit, isLeased(40, 3_000));
    enter(circuit.breaker);
    expect(circuit.breaker.rejections).toMatchObject({ state: "half-open", retryAfterMs: 3_000 });
  });

  test("by a hold says so; a hold without an end gives the circuit's open time", async () => {
    const circuit = circuitWith();
    const { breaker, time } = circuit;
    pushed(circuit, isHeld(40, "open"));
    enter(breaker);
    expect(breaker.rejections).toMatchObject({ state: "open", held: "open", retryAfterMs: OPEN_MS });
    pushed(circuit, isHeld(41, "open", 5_000));
    await time.advance(2_000);
    enter(breaker);
    expect(breaker.rejections).toMatchObject({ state: "open", held: "open", retryAfterMs: 3_000 });
  });
});

test("mode: throttle holds back a share of the calls, and never opens", () => {
  const { breaker, chance } = circuitWith({ mode: "throttle" });
  expect(breaker.admission).toMatchObject({ kind: "closed", admitsAll: false });
  chance.next = 0.99;
  for (let call = 0; call < 10; call++) fail(breaker);
  expect(breaker.state).toBe("closed");
  expect(enter(breaker)).toMatchObject({ kind: "closed" });
  chance.next = 0.1;
  expect(enter(breaker)).toBeUndefined();
});
