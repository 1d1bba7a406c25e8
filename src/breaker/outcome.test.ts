import { describe, expect, test } from "vitest";
import { isHeld, isOpen } from "../sync/replica.fixture.js";
import type { Admission } from "./admission.js";
import {
  type Circuit,
  circuitWith,
  enter,
  enterAsync,
  fail,
  failure,
  OPEN_MS,
  pushed,
} from "./breaker.fixture.js";
import { callsAreSlow } from "./outcome.js";

const succeed = ({ breaker }: Circuit, slow = false, now?: number): void =>
  breaker.succeeded(enter(breaker) as Admission, slow, now);

/** It tripped, its time is over, and a call probes. */
async function probing(circuit: Circuit): Promise<Admission> {
  if (circuit.breaker.state === "closed") fail(circuit.breaker);
  await circuit.time.advance(circuit.breaker.retryAfterMs);
  return (await enterAsync(circuit.breaker)) as Admission;
}

describe("a failure", () => {
  test("trips the circuit at once where one is enough, with its reason and cause", () => {
    const circuit = circuitWith();
    const error = new Error("down");
    fail(circuit.breaker, { error, reason: (what) => `because of ${String(what)}` });
    expect(circuit.breaker).toMatchObject({ state: "open", cause: error, trips: 1 });
    expect(circuit.stored()).toMatchObject({ reason: "because of Error: down" });
  });

  test("is told to the fleet with its message only where that was asked for", () => {
    for (const shareReason of [false, true]) {
      const circuit = circuitWith({ shareReason });
      fail(circuit.breaker, { reason: (_, share) => `shared: ${share}` });
      expect(circuit.stored()).toMatchObject({ reason: `shared: ${shareReason}` });
    }
  });

  test("is counted where it takes several; its reason is worked out for the one that trips", () => {
    const circuit = circuitWith({ threshold: 3 });
    let asked = 0;
    const reason = (): string => `asked ${++asked}`;
    for (let call = 0; call < 3; call++) fail(circuit.breaker, { reason });
    expect(circuit.stored()).toMatchObject({ state: "open", reason: "asked 1" });
  });

  test("is told by the rate it broke, where that is why", () => {
    const circuit = circuitWith({ failureRate: 0.5, threshold: 0, minimumCalls: 2 });
    succeed(circuit);
    fail(circuit.breaker);
    expect(circuit.stored()).toMatchObject({ state: "open", reason: "failure rate" });
  });

  test("of this process's own event loop says nothing", () => {
    const { breaker } = circuitWith();
    fail(breaker, { origin: "stall" });
    expect(breaker.state).toBe("closed");
  });

  test("of this host itself opens it here, and is not shared", () => {
    const circuit = circuitWith();
    fail(circuit.breaker, { origin: "host" });
    expect(circuit.breaker).toMatchObject({ state: "open", decision: { visibility: "here" } });
    expect(circuit.stored()).toBeUndefined();
  });

  test("is told to nobody where another in the window may have been this host's own", async () => {
    const circuit = circuitWith({ threshold: 2 });
    fail(circuit.breaker, { origin: "host" });
    await circuit.time.advance(10_000);
    fail(circuit.breaker);
    expect(circuit.breaker.decision).toMatchObject({ visibility: "here" });
    const other = circuitWith({ threshold: 2 });
    fail(other.breaker, { origin: "host" });
    await other.time.advance(10_001);
    fail(other.breaker);
    fail(other.breaker);
    expect(other.stored()).toMatchObject({ state: "open" });
  });

  test("asks for its own time within the limits that the circuit sets", () => {
    const circuit = circuitWith({ retryAfterMin: 0, retryAfterMax: 30_000 });
    fail(circuit.breaker, { openFor: 20_000 });
    expect(circuit.breaker.retryAfterMs).toBe(20_000);
  });

  test("while the store is down is an opening made offline", async () => {
    const circuit = circuitWith();
    circuit.store.list = () => Promise.reject(new Error("no"));
    circuit.store.watcher?.gap();
    await circuit.time.advance(200);
    fail(circuit.breaker);
    expect(circuit.breaker.decision).toMatchObject({ madeOffline: true });
  });

  test("of a held call counts for nothing", () => {
    const circuit = circuitWith();
    pushed(circuit, isHeld(40, "closed"));
    fail(circuit.breaker);
    pushed(circuit, isHeld(41, "released"));
    expect(circuit.breaker.state).toBe("closed");
  });
});

describe("a failure of a call from before it opened", () => {
  test("makes the open time longer where it asks for that, and counts for nothing else", () => {
    const { breaker, trips } = twice({ openFor: 20_000 });
    expect(breaker.retryAfterMs).toBe(20_000);
    expect(trips()).toBe(1);
  });

  test("leaves the open time as it is where it asks for none", () => {
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
    return { ...circuit, trips: () => breaker.trips };
  }
});

describe("a failure while the fleet's opening waits for one", () => {
  test("confirms it, whatever the threshold is", () => {
    const circuit = circuitWith({ scope: "confirm", threshold: 5 });
    pushed(circuit, isOpen(40));
    expect(circuit.breaker.state).toBe("closed");
    const error = new Error("down");
    fail(circuit.breaker, { error });
    expect(circuit.breaker).toMatchObject({ state: "open", cause: error, trips: 0 });
  });
});

describe("a success", () => {
  test("is counted where a share of failures trips it, and nowhere else", () => {
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

  test("ends a row of failures", () => {
    const circuit = circuitWith({ threshold: 0, consecutive: 2 });
    fail(circuit.breaker);
    succeed(circuit);
    fail(circuit.breaker);
    expect(circuit.breaker.state).toBe("closed");
    fail(circuit.breaker);
    expect(circuit.breaker.state).toBe("open");
  });

  test("that is slow trips it where the share of slow calls does", () => {
    const circuit = circuitWith({ slowCall: 100, slowCallRate: 0.5, threshold: 0, minimumCalls: 2 });
    succeed(circuit);
    succeed(circuit, true);
    expect(circuit.stored()).toMatchObject({ state: "open", reason: "slow calls" });
    expect(circuit.breaker).toMatchObject({ cause: undefined, trips: 1 });
  });

  test("counts at the moment that its caller has read, where it has", async () => {
    const circuit = circuitWith({ failureRate: 0.5, threshold: 0, minimumCalls: 2 });
    await circuit.time.advance(30_000);
    succeed(circuit, false, 0);
    fail(circuit.breaker);
    expect(circuit.breaker.state).toBe("closed");
  });

  test("of a call from before counts for nothing", () => {
    const circuit = circuitWith({ failureRate: 0.6, threshold: 0, minimumCalls: 2 });
    const early = { ...circuit.breaker.admission, epoch: -7 };
    circuit.breaker.succeeded(early, false);
    succeed(circuit);
    fail(circuit.breaker);
    expect(circuit.breaker.state).toBe("closed");
    expect(circuit.breaker.traffic.rule?.busiest).toBe(2);
  });

  test("of a held call counts for nothing", () => {
    const circuit = circuitWith({ failureRate: 0.5 });
    const { breaker } = circuit;
    pushed(circuit, isHeld(40, "closed"));
    expect(enter(breaker)?.kind).toBe("held");
    succeed(circuit);
    expect(breaker.traffic.rule?.busiest).toBe(0);
  });
});

describe("a success of a call from before its listeners changed", () => {
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

describe("calls that are slow while they are still under way", () => {
  const SLOW = { slowCall: 100, threshold: 0 } as const;
  const areSlow = ({ breaker, time }: Circuit, admission: Admission, calls = 1): void =>
    callsAreSlow(breaker, admission, calls, time.now() - 100, time.now());

  test("confirm another's trip where hanging calls trip this circuit, and not where slow ones count alone", () => {
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

  test("begin no new epoch if no opening waits to be confirmed", () => {
    const circuit = circuitWith({ ...SLOW, hangCalls: 2 });
    const { epoch } = circuit.breaker.current;
    areSlow(circuit, circuit.breaker.admission);
    expect(circuit.breaker.current.epoch).toBe(epoch);
  });

  test("count for nothing while an operator holds it closed", () => {
    const circuit = circuitWith({ ...SLOW, slowCallRate: 0.5, minimumCalls: 1 });
    pushed(circuit, isHeld(40, "closed"));
    areSlow(circuit, circuit.breaker.admission, 5);
    expect(circuit.breaker).toMatchObject({ trips: 0, decision: { kind: "none" } });
  });
});

describe("a probe", () => {
  test("that succeeds closes it; the first one after a trip says that the trip may have been needless", async () => {
    const circuit = circuitWith();
    const admission = await probing(circuit);
    circuit.breaker.succeeded(admission, false);
    expect(circuit.breaker).toMatchObject({ state: "closed", needlessTrips: 1 });
  });

  test("says no such thing after one that failed", async () => {
    const circuit = circuitWith();
    circuit.breaker.failed(await probing(circuit), failure());
    circuit.breaker.succeeded(await probing(circuit), false);
    expect(circuit.breaker).toMatchObject({ state: "closed", needlessTrips: 0, trips: 1 });
  });

  test("that fails opens it again, with its own reason and cause", async () => {
    const circuit = circuitWith({ shareReason: true });
    const error = new Error("still down");
    circuit.breaker.failed(
      await probing(circuit),
      failure({ error, reason: (what, share) => `${String(what)}, ${share}` }),
    );
    expect(circuit.breaker).toMatchObject({ state: "open", cause: error });
    expect(circuit.stored()).toMatchObject({ reason: "Error: still down, true", reopens: 1 });
  });

  test("that is slow where slow calls count is no recovery", async () => {
    const circuit = circuitWith();
    circuit.breaker.succeeded(await probing(circuit), true);
    expect(circuit.stored()).toMatchObject({ state: "open", reason: "slow calls", reopens: 1 });
  });

  test("that this process's own event loop held up goes back, and the next one may", async () => {
    const circuit = circuitWith();
    circuit.breaker.failed(await probing(circuit), failure({ origin: "stall" }));
    expect(circuit.breaker).toMatchObject({ state: "half-open", retryAfterMs: 0 });
    expect(await enterAsync(circuit.breaker)).toMatchObject({ kind: "probe" });
  });

  test("that met another circuit goes back, and none follows for as long", async () => {
    const circuit = circuitWith({ openMs: 60_000 });
    circuit.breaker.released(await probing(circuit), 700);
    expect(circuit.breaker).toMatchObject({ state: "half-open", retryAfterMs: 700 });
    await circuit.time.advance(700);
    expect(await enterAsync(circuit.breaker)).toMatchObject({ kind: "probe" });
  });

  test("is another's by the time its own result comes: that counts for nothing", async () => {
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
    expect(breaker).toMatchObject({ state: "closed", needlessTrips: 1 });
  });

  test("only a probe's release is one: a call that is over as neither changes nothing", () => {
    const { breaker } = circuitWith();
    const before = breaker.current;
    breaker.released(enter(breaker) as Admission, 700);
    expect(breaker.current).toBe(before);
  });
});

test("chance is drawn once, where it opens", async () => {
  const circuit = circuitWith({ backoffFactor: 2, backoffMax: 60_000, backoffJitter: 0.5 });
  circuit.chance.next = 0.25;
  circuit.breaker.failed(await probing(circuit), failure());
  expect(circuit.breaker.retryAfterMs).toBe(2_000 * (1 - 0.5 * 0.25));
});
