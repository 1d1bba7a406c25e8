import { describe, expect, test } from "vitest";
import { settingsWith } from "../policy/settings.fixture.js";
import { closed } from "../protocol/transition.js";
import { isClosed, isHeld, isLeased, isOpen, RETRY } from "../sync/replica.fixture.js";
import type { Admission } from "./admission.js";
import { circuitWith, enter, enterAsync, fail, failure, OPEN_MS, pushed } from "./breaker.fixture.js";
import { probeEnded, runWithinProbe } from "./probe-context.js";

describe("a call", () => {
  test("passes under the circuit's own admission while that is closed", () => {
    const { breaker } = circuitWith();
    expect(enter(breaker)).toBe(breaker.admission);
    expect(breaker.admission).toMatchObject({ kind: "closed", admitsAll: true });
    expect(enter(breaker)).toBe(enter(breaker));
  });

  test("that fails opens it: the next is rejected, and the store has the opening", () => {
    const { breaker, stored } = circuitWith();
    fail(breaker);
    expect(enter(breaker)).toBeUndefined();
    expect(breaker.admission.kind).toBe("rejecting");
    expect(breaker).toMatchObject({ state: "open", retryAfterMs: OPEN_MS, decision: { kind: "none" } });
    expect(stored()).toMatchObject({ state: "open", reason: "it failed", by: "me", duration: OPEN_MS });
  });

  test("is rejected without a look at the store for as long as it is open", () => {
    const { breaker, store } = circuitWith();
    fail(breaker);
    const asked = store.asked.length;
    for (let call = 0; call < 1_000; call++) expect(enter(breaker)).toBeUndefined();
    expect(store.asked).toHaveLength(asked);
  });

  test("takes the lease when the time is up, and the others are rejected meanwhile", async () => {
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

  test("closes it where the probe succeeds", async () => {
    const { breaker, time, stored } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS);
    breaker.succeeded((await enterAsync(breaker)) as Admission, false);
    expect(breaker).toMatchObject({ state: "closed", retryAfterMs: 0 });
    expect(enter(breaker)).toBe(breaker.admission);
    expect(stored()).toMatchObject({ state: "closed" });
  });

  test("takes a lease for its own deadline where it has one", async () => {
    const { breaker, time } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS);
    await enterAsync(breaker, 2_500);
    expect(breaker.retryAfterMs).toBe(3_500);
  });

  test("from within the probe belongs to it, and counts for nothing", async () => {
    const { breaker, time } = circuitWith();
    fail(breaker);
    await time.advance(OPEN_MS);
    const probe = (await enterAsync(breaker)) as Admission;
    const inner = runWithinProbe(breaker, probe.epoch, () => enter(breaker));
    expect(inner).toMatchObject({ kind: "nested" });
    breaker.failed(inner as Admission, failure());
    breaker.succeeded(inner as Admission, false);
    breaker.released(inner as Admission);
    expect(breaker.current.probe).toMatchObject({ kind: "running" });
    breaker.succeeded(probe, false);
    expect(runWithinProbe(breaker, probe.epoch, () => enter(breaker))).toBe(breaker.admission);
    probeEnded(breaker, probe.epoch);
  });

  test("probes by itself where the store is down, or this circuit can't be written there", async () => {
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

  test("is admitted as the hold says, whatever else is known", () => {
    const circuit = circuitWith();
    const { breaker } = circuit;
    pushed(circuit, isHeld(40, "open"));
    expect(enter(breaker)).toBeUndefined();
    pushed(circuit, isHeld(41, "closed"));
    expect(enter(breaker)).toBe(breaker.admission);
    expect(breaker.admission).toMatchObject({ kind: "held", admitsAll: true });
    fail(breaker);
    expect(breaker).toMatchObject({ state: "closed", held: "closed", decision: { kind: "none" } });
    expect(breaker.hold).toMatchObject({ state: "closed" });
  });
});

describe("a caller that can wait", () => {
  /** The store answers the request for the lease when it is told to. */
  async function asking(): Promise<
    ReturnType<typeof circuitWith> & { answer(): void; entered: Promise<Admission | undefined> }
  > {
    const circuit = circuitWith();
    const { breaker, store, time } = circuit;
    fail(breaker);
    await time.advance(OPEN_MS);
    const { swap } = store;
    let answer = (): void => undefined;
    store.swap = (...args) => new Promise((done) => (answer = () => done(swap?.(...args) as never)));
    return { ...circuit, entered: enterAsync(breaker), answer: () => answer() };
  }

  test("waits for its lease, and probes when it comes", async () => {
    const { time, entered, answer, breaker } = await asking();
    expect(breaker.current.probe).toMatchObject({ kind: "waiting" });
    answer();
    await time.advance(0);
    expect(await entered).toMatchObject({ kind: "probe" });
  });

  test("is rejected when it does not come in time, and the next one in that moment, too", async () => {
    const { time, entered, breaker } = await asking();
    await time.advance(breaker.session.leaseWaitMs);
    expect(await entered).toBeUndefined();
    expect(breaker.current.recovery.unserved).toBe(true);
    expect(enter(breaker)).toBeUndefined();
  });

  test("is admitted where the circuit was closed meanwhile", async () => {
    const circuit = await asking();
    pushed(circuit, isClosed(2_000_000));
    await circuit.time.advance(circuit.breaker.session.leaseWaitMs);
    expect(await circuit.entered).toBe(circuit.breaker.admission);
  });
});

describe("what a rejected call is told", () => {
  test("is the circuit, its state, how long, and the failure behind it", async () => {
    const { breaker, time } = circuitWith();
    const error = new Error("down");
    fail(breaker, { error });
    await time.advance(400);
    enter(breaker);
    expect(breaker.rejection).toEqual({
      circuit: "x",
      state: "open",
      held: undefined,
      retryAfterMs: 600,
      cause: error,
    });
    expect(breaker.cause).toBe(error);
  });

  test("is that another probes, and for how long its lease runs", () => {
    const circuit = circuitWith();
    pushed(circuit, isLeased(40, 3_000));
    enter(circuit.breaker);
    expect(circuit.breaker.rejection).toMatchObject({ state: "half-open", retryAfterMs: 3_000 });
  });

  test("is the hold; without an end it says the circuit's own time", async () => {
    const circuit = circuitWith();
    const { breaker, time } = circuit;
    pushed(circuit, isHeld(40, "open"));
    enter(breaker);
    expect(breaker.rejection).toMatchObject({ state: "open", held: "open", retryAfterMs: OPEN_MS });
    pushed(circuit, isHeld(41, "open", 5_000));
    await time.advance(2_000);
    enter(breaker);
    expect(breaker.rejection).toMatchObject({ state: "open", held: "open", retryAfterMs: 3_000 });
  });
});

describe("news of the fleet", () => {
  test("opens and closes it here, and the listeners are called", () => {
    const circuit = circuitWith();
    const { breaker, told, openers } = circuit;
    pushed(circuit, isOpen(40));
    expect(breaker).toMatchObject({ state: "open", record: { by: "other" } });
    expect(openers).toEqual(["other"]);
    pushed(circuit, isClosed(41));
    expect(breaker.state).toBe("closed");
    expect(told).toMatchObject([
      { type: "open", circuit: "x", by: "other", reason: "theirs", local: false, retryAfterMs: OPEN_MS },
      { type: "close", circuit: "x", by: "other", local: false },
    ]);
  });

  test("is doubted while calls here succeed, until one fails", () => {
    const circuit = circuitWith({ failureRate: 0.5, threshold: 0 });
    const { breaker } = circuit;
    for (let call = 0; call < 20; call++) breaker.succeeded(enter(breaker) as Admission, false);
    pushed(circuit, isOpen(40));
    expect(breaker.current.remoteOpen).toBe("unconfirmed");
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker.state).toBe("open");
  });

  test("delays this process's attempt where the store has no swap", async () => {
    const circuit = circuitWith({}, { without: ["swap"] });
    circuit.chance.next = 0.5;
    pushed(circuit, isOpen(40, 1_000));
    expect(circuit.breaker.current.attemptDelayMs).toBe(50);
    const swapping = circuitWith();
    pushed(swapping, isOpen(40, 1_000));
    expect(swapping.breaker.current.attemptDelayMs).toBe(0);
  });
});

describe("a hold", () => {
  test("ends by itself, with no call and no news", async () => {
    const circuit = circuitWith();
    const { breaker, time, told } = circuit;
    pushed(circuit, isHeld(40, "open", 5_000));
    expect(breaker).toMatchObject({ state: "open", held: "open", retryAfterMs: 5_000 });
    await time.advance(4_999);
    expect(breaker.held).toBe("open");
    await time.advance(1);
    expect(breaker).toMatchObject({ state: "closed", held: undefined, hold: undefined });
    expect(breaker.admission.kind).toBe("closed");
    expect(told.map(({ type }) => type)).toEqual(["hold", "release"]);
    expect(told[1]).toMatchObject({ reason: "its time was up" });
  });

  test("another takes its place, and its end with it", async () => {
    const circuit = circuitWith();
    const { breaker, time } = circuit;
    pushed(circuit, isHeld(40, "open", 1_000));
    pushed(circuit, isHeld(41, "open", 5_000));
    await time.advance(1_500);
    expect(breaker.held).toBe("open");
    pushed(circuit, isHeld(42, "released"));
    expect(breaker).toMatchObject({ state: "closed", held: undefined });
    const waiting = time.pending;
    pushed(circuit, isHeld(43, "open"));
    expect(time.pending, "no timer for a hold without an end").toBe(waiting);
  });
});

describe("what is decided while the store can't be asked", () => {
  test("is obeyed here, pending, and proposed when the store is back", async () => {
    const circuit = circuitWith({ openMs: 60_000 });
    const { breaker, store, time, stored } = circuit;
    const { swap } = store;
    store.swap = () => Promise.reject(new Error("no"));
    fail(breaker);
    await time.advance(0);
    expect(breaker).toMatchObject({ state: "open", pending: true, decision: { madeOffline: true } });
    expect(stored()).toBeUndefined();
    store.swap = swap as never;
    await time.advance(2 * RETRY);
    expect(breaker.pending).toBe(false);
    expect(stored()).toMatchObject({ state: "open" });
  });

  test("is not proposed while it is down", async () => {
    const circuit = circuitWith({ openMs: 60_000 });
    const { breaker, store, time } = circuit;
    store.list = () => Promise.reject(new Error("no"));
    store.watcher?.gap();
    await time.advance(200);
    fail(breaker);
    const asked = store.count("swap");
    breaker.flush();
    expect(breaker.pending).toBe(true);
    expect(store.count("swap")).toBe(asked);
  });
});

describe("the record that it would write", () => {
  test("is made of what the store was found to have meanwhile", async () => {
    const circuit = circuitWith();
    const { breaker, time, replica } = circuit;
    fail(breaker);
    await time.advance(OPEN_MS);
    // It is in the cache, and nobody told the breaker yet.
    const stamp = { revision: 9e15, nonce: "n", now: 0, by: "me" };
    const entry = replica.circuit("x");
    entry.cached = { raw: "", record: closed({ ...stamp, revision: 8e15 }, ""), deadline: 0 };
    expect(breaker.leaseRecord(stamp, 0)).toBeNull();
    expect(breaker.recordOf(stamp)).toBeNull();
    expect(breaker.state).toBe("closed");
  });
});

describe("its listeners and settings may change while it runs", () => {
  test("calls get a new admission under the same epoch, so that no result is void", () => {
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

  test("what was counted stays, unless it is to be counted in another way", () => {
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

  test("new settings hold for what is open, too", async () => {
    const circuit = circuitWith();
    fail(circuit.breaker);
    await circuit.time.advance(OPEN_MS);
    expect(circuit.breaker.state).toBe("half-open");
    circuit.breaker.updateSettings(settingsWith({ recovery: "all" }));
    expect(circuit.breaker.state).toBe("closed");
  });
});

describe("what was counted", () => {
  test("is forgotten when it closes", async () => {
    const { breaker, time } = circuitWith({ threshold: 2 });
    fail(breaker);
    fail(breaker);
    await time.advance(OPEN_MS);
    breaker.succeeded((await enterAsync(breaker)) as Admission, false);
    fail(breaker);
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker).toMatchObject({ state: "open", trips: 2, needlessTrips: 1 });
  });

  test("is kept where the fleet's record is renewed, and the circuit stays closed", () => {
    const circuit = circuitWith({ threshold: 2 });
    pushed(circuit, isClosed(40));
    fail(circuit.breaker);
    pushed(circuit, { ...isClosed(41), generation: 40 });
    expect(circuit.breaker.record?.revision).toBe(41);
    fail(circuit.breaker);
    expect(circuit.breaker.state).toBe("open");
  });

  test("is kept where only the listeners are others", () => {
    const { breaker } = circuitWith({ threshold: 2 });
    fail(breaker);
    breaker.renewAdmission();
    fail(breaker);
    expect(breaker.state).toBe("open");
  });
});

test("the longest it stays open by itself bounds what the store says", () => {
  expect(circuitWith({ openMs: 5_000, backoffMax: 80_000 }).breaker.longest).toBe(80_000);
});

describe("the last user that lets it go takes it out of the replica", () => {
  test("and ends what waits for a hold's end", async () => {
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

describe("while it fills again", () => {
  test("a growing share of the calls passes, and then all", async () => {
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

  test("by the moment at which the fleet closed it, where that is known", async () => {
    const circuit = circuitWith({ rampUp: 10_000 });
    pushed(circuit, isOpen(40));
    await circuit.time.advance(0);
    pushed(circuit, isClosed(41));
    expect(circuit.breaker.admission).toMatchObject({ admitsAll: false, closedAtMs: circuit.time.now() });
  });
});

test("mode: throttle holds back a share of the calls, and opens for nothing", () => {
  const { breaker, chance } = circuitWith({ mode: "throttle" });
  expect(breaker.admission).toMatchObject({ kind: "closed", admitsAll: false });
  chance.next = 0.99;
  for (let call = 0; call < 10; call++) fail(breaker);
  expect(breaker.state).toBe("closed");
  expect(enter(breaker)).toMatchObject({ kind: "closed" });
  chance.next = 0.1;
  expect(enter(breaker)).toBeUndefined();
});
