import { describe, expect, test } from "vitest";
import type { Admission } from "./admission.js";
import { type Circuit, circuitWith, enter, enterAsync, fail, failure } from "./breaker.fixture.js";

/** The circuit tripped, its open time is over, and a call probes. */
async function probing(circuit: Circuit): Promise<Admission> {
  if (circuit.breaker.state === "closed") fail(circuit.breaker);
  await circuit.time.advance(circuit.breaker.retryAfterMs);
  return (await enterAsync(circuit.breaker)) as Admission;
}

describe("a probe", () => {
  test("that succeeds closes the circuit; the first one after a trip counts the trip as needless", async () => {
    const circuit = circuitWith();
    const admission = await probing(circuit);
    circuit.breaker.succeeded(admission, false);
    expect(circuit.breaker).toMatchObject({ state: "closed", counts: { needlessTrips: 1 } });
  });

  test("that succeeds after a failed one does not count the trip as needless", async () => {
    const circuit = circuitWith();
    circuit.breaker.failed(await probing(circuit), failure());
    circuit.breaker.succeeded(await probing(circuit), false);
    expect(circuit.breaker).toMatchObject({ state: "closed", counts: { needlessTrips: 0, trips: 1 } });
  });

  test("that fails opens the circuit again, with its own reason and cause", async () => {
    const circuit = circuitWith({ shareReason: true });
    const error = new Error("still down");
    circuit.breaker.failed(
      await probing(circuit),
      failure({ error, reason: (what, share) => `${String(what)}, ${share}` }),
    );
    expect(circuit.breaker).toMatchObject({ state: "open", current: { cause: error } });
    expect(circuit.stored()).toMatchObject({ reason: "Error: still down, true", reopens: 1 });
  });

  test("that is slow opens the circuit again", async () => {
    const circuit = circuitWith();
    circuit.breaker.succeeded(await probing(circuit), true);
    expect(circuit.stored()).toMatchObject({ state: "open", reason: "slow calls", reopens: 1 });
  });

  test("that failed because this process was blocked releases its lease, and the next call may probe", async () => {
    const circuit = circuitWith();
    circuit.breaker.failed(await probing(circuit), failure({ origin: "stall" }));
    expect(circuit.breaker).toMatchObject({ state: "half-open", retryAfterMs: 0 });
    // It does not count as a call that its own circuit rejected.
    expect(circuit.breaker.current.recovery.nests).toBe(false);
    expect(await enterAsync(circuit.breaker)).toMatchObject({ kind: "probe" });
  });

  test("that ends as neither leaves no turn to others where nobody else uses the store", async () => {
    const circuit = circuitWith();
    Object.assign(circuit.session, { isShared: false });
    let admission: Admission | undefined = await probing(circuit);
    for (let n = 0; n < 20; n++) {
      circuit.breaker.released(admission as Admission);
      expect(circuit.breaker.retryAfterMs).toBe(0);
      admission = await enterAsync(circuit.breaker);
    }
  });

  test("that met another open circuit releases its lease, and none follows until that one may be called", async () => {
    const circuit = circuitWith({ openMs: 60_000 });
    circuit.breaker.released(await probing(circuit), 700);
    expect(circuit.breaker).toMatchObject({ state: "half-open", retryAfterMs: 700 });
    await circuit.time.advance(700);
    expect(await enterAsync(circuit.breaker)).toMatchObject({ kind: "probe" });
  });

  test("whose lease went to another has no effect when its result comes late", async () => {
    const circuit = circuitWith();
    const { breaker } = circuit;
    const old = await probing(circuit);
    const late = { ...old, epoch: old.epoch - 1 };
    breaker.succeeded(late, false);
    breaker.succeeded(late, true);
    breaker.failed(late, failure());
    breaker.released(late);
    expect(breaker.current.probe).toMatchObject({ kind: "running" });
    breaker.succeeded(old, false);
    expect(breaker.state).toBe("closed");
    breaker.failed(old, failure());
    breaker.succeeded(old, false);
    expect(breaker).toMatchObject({ state: "closed", counts: { needlessTrips: 1 } });
  });

  test("a call that is no probe changes nothing when it ends as neither success nor failure", () => {
    const { breaker } = circuitWith();
    const before = breaker.current;
    breaker.released(enter(breaker) as Admission, 700);
    expect(breaker.current).toBe(before);
  });
});

test("the jitter uses one random number, drawn when the circuit opens", async () => {
  const circuit = circuitWith({ backoffFactor: 2, backoffMax: 60_000, backoffJitter: 0.5 });
  circuit.chance.next = 0.25;
  circuit.breaker.failed(await probing(circuit), failure());
  expect(circuit.breaker.retryAfterMs).toBe(2_000 * (1 - 0.5 * 0.25));
});
