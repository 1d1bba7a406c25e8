import { describe, expect, test } from "vitest";
import { settingsWith } from "../policy/settings.fixture.js";
import { isClosed, isHeld, isOpen } from "../sync/replica.fixture.js";
import type { Admission } from "./admission.js";
import { circuitWith, enter, enterAsync, fail, OPEN_MS, pushed } from "./breaker.fixture.js";

describe("a change of listeners or settings", () => {
  test("gives calls a new admission in the same epoch, so that results still count", () => {
    const { breaker } = circuitWith();
    const before = breaker.admission;
    breaker.renewAdmission();
    expect(breaker.admission).not.toBe(before);
    expect(breaker.admission).toEqual(before);
    fail(breaker);
    const rejecting = breaker.admission;
    breaker.renewAdmission();
    expect(breaker.admission).toBe(rejecting);
  });

  test("keeps the counts unless calls are now counted differently", () => {
    const { breaker } = circuitWith({ threshold: 3 });
    fail(breaker);
    fail(breaker);
    breaker.updateSettings(settingsWith({ threshold: 3, openMs: 5_000 }));
    fail(breaker);
    expect(breaker).toMatchObject({ state: "open", retryAfterMs: 5_000 });
    const other = circuitWith({ threshold: 2 }).breaker;
    fail(other);
    other.updateSettings(settingsWith({ threshold: 3, openMs: OPEN_MS }));
    fail(other);
    fail(other);
    expect(other.state).toBe("closed");
    fail(other);
    expect(other.state).toBe("open");
  });

  test("applies to an open circuit too", async () => {
    const circuit = circuitWith();
    fail(circuit.breaker);
    await circuit.time.advance(OPEN_MS);
    expect(circuit.breaker.state).toBe("half-open");
    circuit.breaker.updateSettings(settingsWith({ recovery: "all" }));
    expect(circuit.breaker.state).toBe("closed");
  });
});

describe("the counts of calls", () => {
  test("are cleared when the circuit closes", async () => {
    const { breaker, time } = circuitWith({ threshold: 2 });
    fail(breaker);
    fail(breaker);
    await time.advance(OPEN_MS);
    breaker.succeeded((await enterAsync(breaker)) as Admission, false);
    fail(breaker);
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker).toMatchObject({ state: "open", counts: { trips: 2, needlessTrips: 1 } });
  });

  test("are kept when a record of a closed circuit is renewed", () => {
    const circuit = circuitWith({ threshold: 2 });
    pushed(circuit, isClosed(40));
    fail(circuit.breaker);
    pushed(circuit, { ...isClosed(41), generation: 40 });
    expect(circuit.breaker.current.record?.record.revision).toBe(41);
    fail(circuit.breaker);
    expect(circuit.breaker.state).toBe("open");
  });

  test("are kept when only the listeners change", () => {
    const { breaker } = circuitWith({ threshold: 2 });
    fail(breaker);
    breaker.renewAdmission();
    fail(breaker);
    expect(breaker.state).toBe("open");
  });
});

describe("a breaker that its last user leaves", () => {
  test("leaves the replica, and cancels the timer of its hold", async () => {
    const circuit = circuitWith();
    const { breaker, replica, time, told } = circuit;
    breaker.users = 2;
    pushed(circuit, isHeld(40, "open", 5_000));
    breaker.retire();
    expect(replica.subscribers.get("x")).toBe(breaker);
    breaker.retire();
    expect(replica.subscribers.has("x")).toBe(false);
    await time.advance(6_000);
    expect(told.map(({ type }) => type)).not.toContain("release");
  });
});

describe("rampUp", () => {
  test("admits a growing share of the calls, and then all", async () => {
    const circuit = circuitWith({ rampUp: 10_000 });
    const { breaker, time, chance } = circuit;
    fail(breaker);
    await time.advance(OPEN_MS);
    breaker.succeeded((await enterAsync(breaker)) as Admission, false);
    expect(breaker.admission.admitsAll).toBe(false);
    await time.advance(5_000);
    chance.next = 0.54;
    expect(enter(breaker)).toBe(breaker.admission);
    chance.next = 0.56;
    expect(enter(breaker)).toBeUndefined();
    const { epoch } = breaker.admission;
    await time.advance(5_000);
    expect(enter(breaker)).toMatchObject({ kind: "closed", admitsAll: true, epoch });
    expect(breaker.admission.admitsAll).toBe(true);
  });

  test("starts at the moment at which the fleet closed the circuit, if that is known", async () => {
    const circuit = circuitWith({ rampUp: 10_000 });
    pushed(circuit, isOpen(40));
    await circuit.time.advance(0);
    pushed(circuit, isClosed(41));
    expect(circuit.breaker.admission).toMatchObject({ admitsAll: false, closedAtMs: circuit.time.now() });
  });
});
