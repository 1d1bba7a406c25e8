import { describe, expect, test } from "vitest";
import { isHeld, isOpen } from "../sync/replica.fixture.js";
import type { Admission } from "./admission.js";
import { type Circuit, circuitWith, enter, fail, failure, OPEN_MS, pushed } from "./breaker.fixture.js";
import { callsAreSlow } from "./outcome.js";

const succeed = ({ breaker }: Circuit, slow = false, now?: number): void =>
  breaker.succeeded(enter(breaker) as Admission, slow, now);

describe("a failure", () => {
  test("trips the circuit at once with threshold 1, with its reason and cause", () => {
    const circuit = circuitWith();
    const error = new Error("down");
    fail(circuit.breaker, { error, reason: (what) => `because of ${String(what)}` });
    expect(circuit.breaker).toMatchObject({ state: "open", current: { cause: error }, counts: { trips: 1 } });
    expect(circuit.stored()).toMatchObject({ reason: "because of Error: down" });
  });

  test("shares its message with the fleet only with shareReason", () => {
    for (const shareReason of [false, true]) {
      const circuit = circuitWith({ shareReason });
      fail(circuit.breaker, { reason: (_, share) => `shared: ${share}` });
      expect(circuit.stored()).toMatchObject({ reason: `shared: ${shareReason}` });
    }
  });

  test("is counted below the threshold; only the one that trips has its reason computed", () => {
    const circuit = circuitWith({ threshold: 3 });
    let asked = 0;
    const reason = (): string => `asked ${++asked}`;
    for (let call = 0; call < 3; call++) fail(circuit.breaker, { reason });
    expect(circuit.stored()).toMatchObject({ state: "open", reason: "asked 1" });
  });

  test("that trips by rate has the rate as its reason", () => {
    const circuit = circuitWith({ failureRate: 0.5, threshold: 0, minimumCalls: 2 });
    succeed(circuit);
    fail(circuit.breaker);
    expect(circuit.stored()).toMatchObject({ state: "open", reason: "failure rate" });
  });

  test("caused by this process's blocked event loop does not count", () => {
    const { breaker } = circuitWith();
    fail(breaker, { origin: "stall" });
    expect(breaker.state).toBe("closed");
  });

  test("of this host opens the circuit here, and is not shared", () => {
    const circuit = circuitWith();
    fail(circuit.breaker, { origin: "host" });
    expect(circuit.breaker).toMatchObject({ state: "open", current: { decision: { visibility: "here" } } });
    expect(circuit.stored()).toBeUndefined();
  });

  test("is not shared while another failure of this host is in the window", async () => {
    const circuit = circuitWith({ threshold: 2 });
    fail(circuit.breaker, { origin: "host" });
    await circuit.time.advance(10_000);
    fail(circuit.breaker);
    expect(circuit.breaker.current.decision).toMatchObject({ visibility: "here" });
    const other = circuitWith({ threshold: 2 });
    fail(other.breaker, { origin: "host" });
    await other.time.advance(10_001);
    fail(other.breaker);
    fail(other.breaker);
    expect(other.stored()).toMatchObject({ state: "open" });
  });

  test("sets the open time that it asks for, within the circuit's limits", () => {
    const circuit = circuitWith({ retryAfterMin: 0, retryAfterMax: 30_000 });
    fail(circuit.breaker, { openFor: 20_000 });
    expect(circuit.breaker.retryAfterMs).toBe(20_000);
  });

  test("while the store is down makes an opening offline", async () => {
    const circuit = circuitWith();
    circuit.store.list = () => Promise.reject(new Error("no"));
    circuit.store.watcher?.gap();
    await circuit.time.advance(200);
    fail(circuit.breaker);
    expect(circuit.breaker.current.decision).toMatchObject({ madeOffline: true });
  });

  test("does not count while an operator holds the circuit closed", () => {
    const circuit = circuitWith();
    pushed(circuit, isHeld(40, "closed"));
    fail(circuit.breaker);
    pushed(circuit, isHeld(41, "released"));
    expect(circuit.breaker.state).toBe("closed");
  });
});

describe("a failure of a call that began before the circuit opened", () => {
  test("lengthens the open time if it asks for more, and has no other effect", () => {
    const { breaker, trips } = twice({ openFor: 20_000 });
    expect(breaker.retryAfterMs).toBe(20_000);
    expect(trips()).toBe(1);
  });

  test("leaves the open time as it is if it asks for nothing", () => {
    expect(twice({ openFor: undefined }).breaker.retryAfterMs).toBe(OPEN_MS - 400);
  });

  /** Two calls are under way; the second fails 400 ms after the first has opened the circuit. */
  function twice(second: { openFor: number | undefined }): Circuit & { trips(): number } {
    const circuit = circuitWith({ retryAfterMax: 30_000 });
    const { breaker } = circuit;
    const admission = enter(breaker) as Admission;
    fail(breaker);
    circuit.time.stall(400);
    breaker.failed(admission, failure(second));
    return { ...circuit, trips: () => breaker.counts.trips };
  }
});

describe("a failure while a remote opening is unconfirmed", () => {
  test("confirms it, whatever the threshold", () => {
    const circuit = circuitWith({ scope: "confirm", threshold: 5 });
    pushed(circuit, isOpen(40));
    expect(circuit.breaker.state).toBe("closed");
    const error = new Error("down");
    fail(circuit.breaker, { error });
    expect(circuit.breaker).toMatchObject({ state: "open", current: { cause: error }, counts: { trips: 0 } });
  });

  test("confirms it even after the open time, if a probe has to close the circuit", async () => {
    const circuit = circuitWith({ scope: "confirm", threshold: 5 });
    pushed(circuit, isOpen(40, 1_000));
    await circuit.time.advance(1_000);
    fail(circuit.breaker);
    expect(circuit.breaker).toMatchObject({ state: "half-open", counts: { trips: 0 } });
  });

  test('counts as usual once the open time is over, with recovery: "all"', async () => {
    const circuit = circuitWith({ scope: "confirm", recovery: "all", threshold: 2 });
    pushed(circuit, isOpen(40, 1_000));
    await circuit.time.advance(1_000);
    fail(circuit.breaker);
    expect(circuit.breaker.state).toBe("closed");
    fail(circuit.breaker);
    expect(circuit.breaker).toMatchObject({ state: "open", counts: { trips: 1 } });
  });
});

describe("a success", () => {
  test("counts only if a failure rate is set", () => {
    const counting = circuitWith({ failureRate: 0.5, threshold: 0, minimumCalls: 4 });
    for (let call = 0; call < 3; call++) succeed(counting);
    fail(counting.breaker);
    expect(counting.breaker.state).toBe("closed");
    const other = circuitWith({ threshold: 2 });
    fail(other.breaker);
    succeed(other);
    fail(other.breaker);
    expect(other.breaker.state).toBe("open");
  });

  test("resets the failures in a row", () => {
    const circuit = circuitWith({ threshold: 0, consecutive: 2 });
    fail(circuit.breaker);
    succeed(circuit);
    fail(circuit.breaker);
    expect(circuit.breaker.state).toBe("closed");
    fail(circuit.breaker);
    expect(circuit.breaker.state).toBe("open");
  });

  test("that is slow trips the circuit at the slow-call rate", () => {
    const circuit = circuitWith({ slowCall: 100, slowCallRate: 0.5, threshold: 0, minimumCalls: 2 });
    succeed(circuit);
    succeed(circuit, true);
    expect(circuit.stored()).toMatchObject({ state: "open", reason: "slow calls" });
    expect(circuit.breaker).toMatchObject({ current: { cause: undefined }, counts: { trips: 1 } });
  });

  test("is counted at the time that its caller read, if given", async () => {
    const circuit = circuitWith({ failureRate: 0.5, threshold: 0, minimumCalls: 2 });
    await circuit.time.advance(30_000);
    succeed(circuit, false, 0);
    fail(circuit.breaker);
    expect(circuit.breaker.state).toBe("closed");
  });

  test("of a call from an earlier epoch does not count", () => {
    const circuit = circuitWith({ failureRate: 0.6, threshold: 0, minimumCalls: 2 });
    const early = { ...circuit.breaker.admission, epoch: -7 };
    circuit.breaker.succeeded(early, false);
    succeed(circuit);
    fail(circuit.breaker);
    expect(circuit.breaker.state).toBe("closed");
    expect(circuit.breaker.traffic.rule?.busiest).toBe(2);
  });

  test("does not count while an operator holds the circuit closed", () => {
    const circuit = circuitWith({ failureRate: 0.5 });
    const { breaker } = circuit;
    pushed(circuit, isHeld(40, "closed"));
    expect(enter(breaker)?.kind).toBe("held");
    succeed(circuit);
    expect(breaker.traffic.rule?.busiest).toBe(0);
  });
});

describe("a success of a call that began before the listeners changed", () => {
  test("counts like any other", () => {
    const circuit = circuitWith({ threshold: 0, consecutive: 2 });
    const { breaker } = circuit;
    const early = enter(breaker) as Admission;
    breaker.renewAdmission();
    fail(breaker);
    breaker.succeeded(early, false);
    fail(breaker);
    expect(breaker.state).toBe("closed");
  });
});

describe("calls that are slow while under way", () => {
  const SLOW = { slowCall: 100, threshold: 0 } as const;
  const areSlow = ({ breaker, time }: Circuit, admission: Admission, calls = 1): void =>
    callsAreSlow(breaker, admission, calls, time.now() - 100, time.now());

  test("confirm a remote trip if hangCalls is set, and not if only slow calls count", () => {
    for (const [hangCalls, state] of [
      [2, "open"],
      [0, "closed"],
    ] as const) {
      const circuit = circuitWith({ ...SLOW, hangCalls, scope: "confirm" });
      pushed(circuit, isOpen(40));
      areSlow(circuit, circuit.breaker.admission);
      expect(circuit.breaker.state).toBe(state);
    }
  });

  test("begin no new epoch if there is no opening to confirm", () => {
    const circuit = circuitWith({ ...SLOW, hangCalls: 2 });
    const { epoch } = circuit.breaker.current;
    areSlow(circuit, circuit.breaker.admission);
    expect(circuit.breaker.current.epoch).toBe(epoch);
  });

  test("do not count while an operator holds the circuit closed", () => {
    const circuit = circuitWith({ ...SLOW, slowCallRate: 0.5, minimumCalls: 1 });
    pushed(circuit, isHeld(40, "closed"));
    areSlow(circuit, circuit.breaker.admission, 5);
    expect(circuit.breaker).toMatchObject({ counts: { trips: 0 }, current: { decision: { kind: "none" } } });
  });
});
