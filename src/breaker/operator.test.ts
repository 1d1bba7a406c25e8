import { describe, expect, test } from "vitest";
import { AHEAD, isOpen, NOW, WALL } from "../sync/replica.fixture.js";
import { type Circuit, circuitWith, enter, fail, pushed } from "./breaker.fixture.js";
import { hold, release, reset, trip } from "./operator.js";

const NEVER = (): Promise<never> => new Promise(() => undefined);
const FAILS = (): Promise<never> => Promise.reject(new Error("no"));

/** The store goes down, and this process knows. */
async function goDown({ store, time, replica }: Circuit): Promise<void> {
  store.list = FAILS;
  store.swap = FAILS;
  store.watcher?.gap();
  await time.advance(200);
  expect(replica.synchroniser.down).toBe(true);
}

describe("trip()", () => {
  test("opens the circuit here at once, and for the fleet once it is stored", async () => {
    const circuit = circuitWith();
    const result = trip(circuit.breaker, 5_000, "maintenance");
    expect(circuit.breaker).toMatchObject({ state: "open", retryAfterMs: 5_000 });
    expect(enter(circuit.breaker)).toBeUndefined();
    expect(await result).toEqual({ stored: true });
    expect(circuit.stored()).toMatchObject({
      state: "open",
      manual: true,
      reason: "maintenance",
      duration: 5_000,
    });
    expect(circuit.breaker.current.decision).toEqual({ kind: "none" });
  });

  test("that is stored needs no look whether the store is there", async () => {
    const { breaker, store, time } = circuitWith();
    await trip(breaker, 5_000, "maintenance");
    await time.advance(1_000);
    expect(store.count("list")).toBe(1);
  });

  test("opens the circuit here for its time even if the store never answers", async () => {
    const circuit = circuitWith();
    circuit.store.swap = NEVER;
    const result = trip(circuit.breaker, 60_000, "maintenance");
    await circuit.time.advance(6_000);
    expect(await result).toEqual({ stored: false });
    expect(circuit.breaker).toMatchObject({
      state: "open",
      current: { decision: { kind: "opened", manual: true } },
    });
  });
});

describe("reset()", () => {
  test("closes the circuit for the fleet, and with scope: process here", async () => {
    const circuit = circuitWith();
    pushed(circuit, isOpen(40));
    expect(await reset(circuit.breaker, "it is well")).toEqual({ stored: true });
    expect(circuit.breaker.state).toBe("closed");
    expect(circuit.stored()).toMatchObject({ state: "closed", reason: "it is well" });
    const alone = circuitWith({ scope: "process" });
    fail(alone.breaker);
    expect(alone.breaker.state).toBe("open");
    await reset(alone.breaker, "");
    expect(alone.breaker.state).toBe("closed");
  });

  test("changes nothing here until it is stored", async () => {
    const circuit = circuitWith();
    pushed(circuit, isOpen(40, 60_000));
    circuit.store.swap = NEVER;
    const result = reset(circuit.breaker, "");
    await circuit.time.advance(6_000);
    expect(await result).toEqual({ stored: false });
    expect(circuit.breaker.state).toBe("open");
  });
});

test("a store that takes no writes is reported once while a verb tries, and as up afterwards", async () => {
  const circuit = circuitWith();
  pushed(circuit, isOpen(40, 60_000));
  const { swap } = circuit.store;
  let asked = 0;
  circuit.store.swap = () => {
    asked++;
    return FAILS();
  };
  const result = reset(circuit.breaker, "");
  await circuit.time.advance(6_000);
  expect(await result).toEqual({ stored: false });
  expect(asked).toBeGreaterThan(5);
  await circuit.time.advance(1_000);
  expect(circuit.health).toEqual([new Error("no"), "up"]);
  if (swap) circuit.store.swap = swap;
  expect(await reset(circuit.breaker, "")).toEqual({ stored: true });
});

describe("hold()", () => {
  test("holds the circuit once it is stored, until its end", async () => {
    const circuit = circuitWith();
    expect(await hold(circuit.breaker, "open", 5_000, "migration")).toEqual({ stored: true });
    expect(circuit.breaker).toMatchObject({ held: "open", state: "open", retryAfterMs: 5_000 });
    expect(circuit.told).toMatchObject([{ type: "hold", held: "open", reason: "migration", local: true }]);
    expect(JSON.parse(circuit.store.held.get("hold:x") ?? "")).toMatchObject({ state: "open" });
    await circuit.time.advance(5_000);
    expect(circuit.breaker.held).toBeUndefined();
  });

  test("holds the circuit until release()", async () => {
    const circuit = circuitWith();
    await hold(circuit.breaker, "closed", 0, "");
    await circuit.time.advance(3_600_000);
    expect(circuit.breaker.held).toBe("closed");
    expect(await release(circuit.breaker, "done")).toEqual({ stored: true });
    expect(circuit.breaker.held).toBeUndefined();
    expect(circuit.told.map(({ type }) => type)).toEqual(["hold", "release"]);
  });
});

describe("an operator's verb", () => {
  test("is written after the write under way has ended", async () => {
    const circuit = circuitWith();
    const { breaker, replica, time } = circuit;
    replica.circuit("x").write = { nonce: "another's", granted: () => undefined };
    const result = trip(breaker, 5_000, "");
    await time.advance(30);
    expect(circuit.stored()).toBeUndefined();
    replica.circuit("x").write = undefined;
    await time.advance(10);
    expect(await result).toEqual({ stored: true });
  });

  test("is written even if the store fails for a moment", async () => {
    const circuit = circuitWith();
    const { swap } = circuit.store;
    circuit.store.swap = FAILS;
    const result = reset(circuit.breaker, "");
    await circuit.time.advance(20);
    circuit.store.swap = swap as never;
    await circuit.time.advance(10);
    expect(await result).toEqual({ stored: true });
  });

  test("gives up after a second if the store is known to be down", async () => {
    const circuit = circuitWith();
    await goDown(circuit);
    let over: unknown;
    void reset(circuit.breaker, "").then((result) => (over = result));
    await circuit.time.advance(990);
    expect(over).toBeUndefined();
    await circuit.time.advance(260);
    expect(over).toEqual({ stored: false });
  });

  test("gives up after 5.5 s if writes fail and reads succeed, and then tries no more", async () => {
    const circuit = circuitWith();
    circuit.store.swap = FAILS;
    let over: unknown;
    void reset(circuit.breaker, "").then((result) => (over = result));
    await circuit.time.advance(5_490);
    expect(over).toBeUndefined();
    await circuit.time.advance(260);
    expect(over).toEqual({ stored: false });
    let tries = 0;
    circuit.store.swap = () => {
      tries++;
      return FAILS();
    };
    await circuit.time.advance(400);
    expect(tries).toBe(0);
  });

  test("tries at growing intervals if the store refuses", async () => {
    const circuit = circuitWith();
    let tries = 0;
    circuit.store.swap = () => {
      tries++;
      return FAILS();
    };
    const result = reset(circuit.breaker, "");
    await circuit.time.advance(6_000);
    expect(await result).toEqual({ stored: false });
    // After 10, 20, 40, 80 and 160 ms, and then every 250 ms.
    expect(tries).toBeGreaterThan(20);
    expect(tries).toBeLessThan(40);
  });

  test("reports stored: true if its last attempt succeeds within half a second", async () => {
    for (const { takesMs, stored } of [
      { takesMs: 689, stored: true },
      { takesMs: 691, stored: false },
    ]) {
      const circuit = circuitWith();
      circuit.replica.storeClock.learn(WALL + AHEAD, NOW);
      const { swap } = circuit.store;
      circuit.store.swap = FAILS;
      const result = reset(circuit.breaker, "");
      // In the end it tries every 250 ms, the last time after 5.31 s.
      await circuit.time.advance(5_300);
      circuit.store.swap = (...args) =>
        new Promise((done) => circuit.time.after(takesMs, () => done(swap?.(...args) as never)));
      await circuit.time.advance(800);
      expect(await result, `${takesMs} ms`).toEqual({ stored });
    }
  });

  test("is recorded under the given operator's name", async () => {
    const circuit = circuitWith();
    await trip(circuit.breaker, 5_000, "", "ann");
    expect(circuit.stored()).toMatchObject({ state: "open", by: "ann" });
    await reset(circuit.breaker, "");
    expect(circuit.stored()).toMatchObject({ state: "closed", by: "me" });
    await hold(circuit.breaker, "open", 0, "", "bob");
    await release(circuit.breaker, "done", "cid");
    expect(circuit.told.slice(-2)).toMatchObject([
      { type: "hold", by: "bob" },
      { type: "release", by: "cid", reason: "done" },
    ]);
  });

  test("before the first call starts the synchronisation with the store", async () => {
    const { breaker, replica } = circuitWith();
    let starts = 0;
    replica.synchroniser.start = () => void starts++;
    await release(breaker, "");
    expect(starts).toBe(1);
  });
});
