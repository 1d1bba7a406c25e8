import { describe, expect, test } from "vitest";
import type { Admission } from "./admission.js";
import { circuitWith, enter, enterAsync, fail, failure, OPEN_MS } from "./breaker.fixture.js";
import { Sampler } from "./sampler.js";
import type { Check } from "./shell.js";
import { CallGroup } from "./under-way.js";

describe("the counters of a breaker", () => {
  test("count failures, and slow calls whether they failed or not", () => {
    const { breaker } = circuitWith({ threshold: 9 });
    fail(breaker);
    fail(breaker, { slow: true });
    breaker.succeeded(enter(breaker) as Admission, false);
    breaker.succeeded(enter(breaker) as Admission, true);
    expect(breaker).toMatchObject({ counts: { failures: 2, slowCalls: 2, rejections: 0, trips: 0 } });
  });

  test("count results that come too late to affect the circuit", () => {
    const { breaker } = circuitWith();
    const early = enter(breaker) as Admission;
    fail(breaker);
    breaker.failed(early, failure());
    expect(breaker).toMatchObject({ counts: { failures: 2, trips: 1 } });
  });
});

describe("inFlight", () => {
  test("is measured if slow calls count, and starts at 0", () => {
    const { breaker, time } = circuitWith({ slowCall: 500 });
    expect(breaker.inFlight).toMatchObject({ calls: 0, oldestMs: 0 });
    breaker.underWay.add(new CallGroup(breaker.admission, time.now() - 30));
    expect(breaker.inFlight?.calls).toBe(1);
    expect(breaker.inFlight?.oldestMs).toBe(30);
  });

  test("is measured if somebody listens for successes, and otherwise undefined", () => {
    expect(circuitWith({}, { listensTo: ["success"] }).breaker.inFlight).toMatchObject({ calls: 0 });
    expect(circuitWith().breaker.inFlight).toBeUndefined();
  });
});

describe("new settings", () => {
  test("start the count of calls under way again only if calls are now counted differently", async () => {
    const { breaker, time } = circuitWith({ slowCall: 500 });
    const group = new CallGroup(breaker.admission, time.now());
    breaker.underWay.add(group);
    await time.advance(500);
    expect(group.countedAtMs).toBe(time.now());
    breaker.updateSettings({ ...breaker.settings, openMs: 7_000 });
    expect(group.countedAtMs).toBe(time.now());
    breaker.updateSettings({ ...breaker.settings, slowCall: 600 });
    expect(group.countedAtMs).toBeUndefined();
  });
});

describe("a circuit with a recovery check", () => {
  function checkedCircuit(enabled = true) {
    const circuit = circuitWith();
    const seen = { follows: 0, stops: 0, announced: -1 };
    const check: Check = {
      enabled,
      judgeBy: () => undefined,
      follow: () => {
        seen.follows++;
        seen.announced = circuit.told.length;
      },
      stop: async () => void seen.stops++,
    };
    circuit.breaker.check = check;
    return { ...circuit, seen };
  }

  test("is checked only if the check is enabled", () => {
    expect(circuitWith().breaker.checked).toBe(false);
    expect(checkedCircuit(false).breaker.checked).toBe(false);
    expect(checkedCircuit().breaker.checked).toBe(true);
  });

  test("tells the check of each change, after the listeners were called", () => {
    const { breaker, seen } = checkedCircuit();
    enter(breaker);
    breaker.dispatch({ type: "time" });
    expect(seen.follows).toBe(0);
    fail(breaker);
    expect(seen.follows).toBeGreaterThan(0);
    expect(seen.announced).toBe(1);
  });

  test("admits no call as the probe, and lets the check wait for its lease until any write has timed out", async () => {
    const { breaker, time, store } = checkedCircuit();
    fail(breaker);
    await time.advance(OPEN_MS);
    expect(await enterAsync(breaker)).toBeUndefined();
    store.swap = () => new Promise(() => undefined);
    let entered: unknown = "waits";
    void Promise.resolve(breaker.enter(true, 0, true)).then((admission) => (entered = admission));
    await time.advance(4_999);
    expect([entered, breaker.current.probe]).toMatchObject(["waits", { kind: "waiting" }]);
    await time.advance(501);
    expect(entered).not.toBe("waits");
  });

  test("gives the check the lease, so that it can probe", async () => {
    const { breaker, time, stored } = checkedCircuit();
    fail(breaker);
    await time.advance(OPEN_MS);
    const probe = await breaker.enter(true, 0, true);
    expect(probe).toMatchObject({ kind: "probe" });
    expect(stored()).toMatchObject({ state: "half-open", owner: "me" });
  });

  test("stops the check when its last user leaves", () => {
    const { breaker, seen } = checkedCircuit();
    breaker.users = 2;
    breaker.retire();
    expect(seen.stops).toBe(0);
    breaker.retire();
    expect(seen.stops).toBe(1);
  });
});

describe("a vote", () => {
  test("is written after a random delay, so that the votes of a fleet don't all come at once", async () => {
    const { breaker, time, store, chance, stored } = circuitWith({ quorum: 2 });
    chance.next = 0.5;
    fail(breaker);
    expect(breaker.state).toBe("open");
    await time.advance(99);
    expect(store.count("swap")).toBe(0);
    await time.advance(1);
    expect(stored()?.votes).toMatchObject([{ host: "my-host" }]);
  });
});

describe("a circuit that rejects many calls", () => {
  test("gives each rejection the time that is left", async () => {
    const { breaker, time } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS - 1);
    enter(breaker);
    expect(breaker.rejections).toMatchObject({ state: "open", retryAfterMs: 1 });
    await time.advance(1);
    enter(breaker);
    expect(breaker.rejections).toMatchObject({ state: "half-open" });
  });
});

test("a sampler's round makes a new admission only if calls pass on the fast path", () => {
  const { breaker, time } = circuitWith();
  const before = breaker.admission;
  const sampler = new Sampler(time);
  sampler.arm(breaker);
  expect(breaker.sampler).toBe(sampler);
  expect(breaker.admission).not.toBe(before);
  expect(breaker.admission).toEqual(before);
});
