import { describe, expect, test } from "vitest";
import type { FailfastEventName } from "../events/event-types.js";
import { settingsWith } from "../policy/settings.fixture.js";
import { encode } from "../protocol/codec.js";
import { AHEAD, deliver, isClosed, isHeld, isOpen, NOW, WALL } from "../sync/replica.fixture.js";
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
import { callContexts } from "./call-contexts.js";
import { openNow } from "./operator.js";

/** The circuit tripped, its open time is over, and a call probes. */
async function probing(circuit: Circuit): Promise<Admission> {
  fail(circuit.breaker);
  await circuit.time.advance(OPEN_MS);
  return (await enterAsync(circuit.breaker)) as Admission;
}

describe("a listener that opens the circuit while a call enters", () => {
  const whenever = (circuit: Circuit, name: FailfastEventName): void => {
    circuit.session.events.on(name, () => openNow(circuit.breaker, 5_000, "by a listener"));
  };

  test("gets the call rejected if the call had just closed the circuit", async () => {
    const circuit = circuitWith({ recovery: "all" });
    whenever(circuit, "close");
    fail(circuit.breaker);
    await circuit.time.advance(OPEN_MS);
    expect(enter(circuit.breaker)).toBeUndefined();
    expect(circuit.breaker).toMatchObject({ state: "open", admission: { kind: "rejecting" } });
  });

  test("gets the call rejected, and no probe runs, if the call was about to probe", async () => {
    const circuit = circuitWith({ scope: "process" });
    fail(circuit.breaker);
    whenever(circuit, "half-open");
    circuit.time.stall(OPEN_MS);
    expect(enter(circuit.breaker)).toBeUndefined();
    expect(circuit.breaker).toMatchObject({ state: "open", current: { probe: { kind: "none" } } });
  });
});

describe("a caller that waits for its lease", () => {
  test("is admitted if an operator holds the circuit closed meanwhile", async () => {
    const circuit = circuitWith();
    const { breaker, time, store } = circuit;
    fail(breaker);
    await time.advance(OPEN_MS);
    store.swap = () => new Promise(() => undefined);
    const entered = enterAsync(breaker);
    pushed(circuit, isHeld(40, "closed"));
    await time.advance(breaker.session.leaseWaitMs);
    expect(await entered).toBe(breaker.admission);
    expect(breaker.admission.kind).toBe("held");
  });
});

describe("a rejection by an open or held circuit", () => {
  test("only compares the time with the deadline", () => {
    const circuit = circuitWith();
    const until: number[] = [];
    const { session } = circuit.breaker;
    const { isBefore } = session;
    session.isBefore = (untilMs) => {
      until.push(untilMs);
      return isBefore.call(session, untilMs);
    };
    fail(circuit.breaker);
    const before = circuit.breaker.current;
    enter(circuit.breaker);
    pushed(circuit, isHeld(40, "open", 5_000));
    enter(circuit.breaker);
    pushed(circuit, isHeld(41, "released"));
    enter(circuit.breaker);
    expect(until).toEqual([NOW + OPEN_MS, NOW + 5_000, NOW + OPEN_MS]);
    expect(circuit.breaker.current.record).toBe(before.record);
  });
});

describe("a hold", () => {
  test("is over at its end, even before its timer has run", () => {
    const circuit = circuitWith();
    pushed(circuit, isHeld(40, "open", 5_000));
    circuit.time.stall(4_999);
    expect(circuit.breaker.held).toBe("open");
    circuit.time.stall(1);
    expect(circuit.breaker.held).toBeUndefined();
  });

  test("ends earlier if the store's clock says so", async () => {
    const circuit = circuitWith();
    const held = isHeld(40, "open", 5_000);
    pushed(circuit, held);
    deliver(circuit.replica, { key: "hold:x", value: encode(held), now: WALL + AHEAD + 3_000 });
    expect(circuit.breaker.retryAfterMs).toBe(2_000);
    await circuit.time.advance(2_000);
    expect(circuit.breaker.held).toBeUndefined();
  });
});

describe("the time since the last closing", () => {
  const SET = { scope: "process", backoffFactor: 2 } as const;

  test("is infinite if the circuit was never open, so there is no rampUp", () => {
    const { breaker } = circuitWith();
    breaker.updateSettings(settingsWith({ rampUp: 10_000 }));
    expect(breaker.admission).toMatchObject({ kind: "closed", admitsAll: true });
  });

  test("starts at the closing, and holds do not change it: the back-off continues or restarts by it", async () => {
    for (const [ms, openMs] of [
      [OPEN_MS - 1, 2 * OPEN_MS],
      [OPEN_MS, OPEN_MS],
    ] as const) {
      const circuit = circuitWith(SET);
      circuit.breaker.succeeded(await probing(circuit), false);
      await circuit.time.advance(ms - 100);
      pushed(circuit, isHeld(40, "closed"));
      pushed(circuit, isHeld(41, "released"));
      await circuit.time.advance(100);
      fail(circuit.breaker);
      expect(circuit.breaker.retryAfterMs, `${ms} ms`).toBe(openMs);
    }
  });
});

describe("a circuit that opened only here, because the quorum was not met", () => {
  test("continues its back-off although the fleet's record says that it has been closed for long", async () => {
    const circuit = circuitWith({ quorum: 2, backoffFactor: 2 });
    pushed(circuit, { ...isClosed(40), at: WALL + AHEAD - 3_600_000 });
    circuit.breaker.succeeded(await probing(circuit), false);
    await circuit.time.advance(100);
    expect(circuit.breaker).toMatchObject({ state: "closed", current: { decision: { kind: "none" } } });
    fail(circuit.breaker);
    expect(circuit.breaker.retryAfterMs).toBe(2 * OPEN_MS);
  });
});

describe("calls made within a probe", () => {
  test("belong to the probe through holds and releases, until the probe ends", async () => {
    const circuit = circuitWith();
    const { breaker } = circuit;
    const probe = await probing(circuit);
    callContexts.run(breaker, probe.epoch, () => {
      pushed(circuit, isHeld(40, "open"));
      pushed(circuit, isHeld(41, "released"));
      expect(callContexts.contain(breaker, probe.epoch)).toBe(true);
      breaker.succeeded(probe, false);
      expect(callContexts.contain(breaker, probe.epoch)).toBe(false);
    });
  });
});

describe("a process that was suspended during its probe", () => {
  const slept = async (sleeps: (circuit: Circuit) => void): Promise<unknown> => {
    const circuit = circuitWith({ openMs: 60_000 });
    fail(circuit.breaker);
    await circuit.time.advance(60_000);
    const probe = (await enterAsync(circuit.breaker)) as Admission;
    circuit.store.swap = () => new Promise(() => undefined);
    sleeps(circuit);
    circuit.breaker.failed(probe, failure());
    const { decision } = circuit.breaker.current;
    return decision.kind === "none" ? undefined : decision.provisional;
  };

  test("obeys the probe's outcome only once the store has it", async () => {
    expect(await slept(() => undefined)).toBeUndefined();
    expect(await slept(({ time }) => time.jumpWall(3_000))).toBe(true);
  });

  test("obeys the probe's outcome at once if the store is down", async () => {
    const down = ({ time, replica }: Circuit): void => {
      time.jumpWall(3_000);
      replica.synchroniser.checkDrift();
      Object.defineProperty(replica.synchroniser, "down", { value: true });
    };
    expect(await slept(down)).toBeUndefined();
  });
});

describe("an opening that was decided before the first record came", () => {
  const closedAgo = (ageMs: number): Circuit => {
    const circuit = circuitWith();
    circuit.replica.storeClock.learn(WALL + AHEAD, NOW);
    circuit.store.swap = () => new Promise(() => undefined);
    fail(circuit.breaker);
    pushed(circuit, { ...isClosed(40), at: WALL + AHEAD - ageMs });
    return circuit;
  };

  test("continues if others had closed the circuit long before", () => {
    expect(closedAgo(60_000).breaker).toMatchObject({ state: "open", current: { decision: { base: 40 } } });
  });

  test("ends if others closed the circuit after it", () => {
    expect(closedAgo(0).breaker).toMatchObject({ state: "closed", current: { decision: { kind: "none" } } });
  });
});

test("a notification without a change changes nothing", () => {
  const circuit = circuitWith();
  pushed(circuit, isOpen(40));
  const before = circuit.breaker.current;
  circuit.breaker.changed();
  expect(circuit.breaker.current).toBe(before);
});
