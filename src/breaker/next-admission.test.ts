import { describe, expect, test } from "vitest";
import { settingsWith } from "../policy/settings.fixture.js";
import { AHEAD, isClosed, isOpen, NOW, WALL } from "../sync/replica.fixture.js";
import type { Admission } from "./admission.js";
import { circuitWith, enterAsync, fail, failure, OPEN_MS, pushed } from "./breaker.fixture.js";
import { admitShare } from "./next-admission.js";

const RAMP = { rampUp: 10_000 };

describe("the admission of calls once the circuit has closed", () => {
  test("admits all calls without rampUp", () => {
    const circuit = circuitWith();
    pushed(circuit, isOpen(40));
    pushed(circuit, isClosed(41));
    expect(circuit.breaker.admission).toMatchObject({ kind: "closed", admitsAll: true });
  });

  test("looks at each call in mode: throttle", () => {
    const circuit = circuitWith({ mode: "throttle" });
    pushed(circuit, isOpen(40));
    expect(circuit.breaker.admission.kind).toBe("rejecting");
    pushed(circuit, isClosed(41));
    expect(circuit.breaker.admission).toMatchObject({ kind: "closed", admitsAll: false });
  });

  test("admits a share that grows from the moment at which the fleet closed it, even if this process learns of it later", () => {
    const circuit = circuitWith(RAMP);
    circuit.replica.storeClock.learn(WALL + AHEAD, NOW);
    pushed(circuit, isOpen(40));
    pushed(circuit, { ...isClosed(41), at: WALL + AHEAD - 3_000 });
    expect(circuit.breaker.admission).toMatchObject({ admitsAll: false, closedAtMs: NOW - 3_000 });
  });

  test("an admitted call counts like any other call", () => {
    const circuit = circuitWith(RAMP);
    pushed(circuit, isOpen(40));
    pushed(circuit, isClosed(41));
    circuit.breaker.failed(circuit.breaker.admission, failure());
    expect(circuit.breaker).toMatchObject({ state: "open", counts: { trips: 1 } });
  });

  test("admits all calls if the circuit was never open", () => {
    const circuit = circuitWith();
    pushed(circuit, { ...isClosed(40), generation: 0 });
    circuit.breaker.updateSettings(settingsWith(RAMP));
    expect(circuit.breaker.admission).toMatchObject({ kind: "closed", admitsAll: true });
  });

  test("admits a share that grows from the moment at which this process closed it, until the store has the closing", async () => {
    const circuit = circuitWith(RAMP);
    const { breaker, time, store } = circuit;
    fail(breaker);
    await time.advance(OPEN_MS);
    const probe = (await enterAsync(breaker)) as Admission;
    store.swap = () => new Promise(() => undefined);
    await time.advance(2_000);
    breaker.succeeded(probe, false);
    expect(breaker.admission).toMatchObject({ admitsAll: false, closedAtMs: time.now() });
  });
});

describe("admitShare()", () => {
  test("returns the admission if it admits all calls", () => {
    const { breaker } = circuitWith();
    const { admission } = breaker;
    expect(admitShare(breaker)).toBe(admission);
  });

  test("admits a call if the random number is below the share", async () => {
    const circuit = circuitWith(RAMP);
    const { breaker, time, chance } = circuit;
    pushed(circuit, isOpen(40));
    pushed(circuit, isClosed(41));
    await time.advance(5_000);
    breaker.session.look();
    chance.next = 0.55;
    expect(admitShare(breaker)).toBeUndefined();
    chance.next = 0.549;
    expect(admitShare(breaker)).toBe(breaker.admission);
  });
});
