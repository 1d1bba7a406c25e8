import { describe, expect, test, vi } from "vitest";
import { createFailfast, memoryStore } from "../index.js";
import { action, breakerOf, down, endBreakers, failing, fleet } from "./circuit-breaker.fixture.js";
import CircuitBreaker from "./index.js";

endBreakers();

describe("a breaker with a name and a failfast", () => {
  test("opens in the other process, which emits open and rejects without a call", async () => {
    const { here, there, clock } = fleet();
    const one = breakerOf(action, { name: "stock", failfast: here });
    const calls = vi.fn(action);
    const other = breakerOf(calls, { name: "stock", failfast: there });
    const told: string[] = [];
    for (const event of ["open", "halfOpen", "close", "reject"] as const)
      other.on(event, () => told.push(event));
    await other.fire("ready");
    expect(await failing(one)).toBe(down);
    await clock.advance(0);
    expect([one.opened, other.opened]).toEqual([true, true]);
    await expect(other.fire("no")).rejects.toMatchObject({
      code: "EOPENBREAKER",
      message: "Breaker is open",
    });
    expect(calls).toHaveBeenCalledTimes(1);
    expect(told).toEqual(["open", "reject"]);
    expect(other.stats).toMatchObject({ fires: 2, successes: 1, rejects: 1, failures: 0 });
  });

  test("closes in the other process when the one trial call succeeds", async () => {
    const { here, there, clock } = fleet();
    const one = breakerOf(action, { name: "stock", failfast: here });
    const other = breakerOf(action, { name: "stock", failfast: there });
    const told: string[] = [];
    other.on("close", () => told.push("close"));
    await other.fire(1);
    await failing(one);
    await clock.advance(30_000);
    expect([one.halfOpen, one.pendingClose]).toEqual([true, true]);
    expect(await one.fire("well")).toBe("well");
    await clock.advance(0);
    expect([one.closed, other.closed, told]).toEqual([true, true, ["close"]]);
  });

  test("lets one call of the fleet try, with pendingClose false meanwhile", async () => {
    const { here, there, clock } = fleet();
    let answer = (_: unknown): void => undefined;
    const one = breakerOf((): Promise<unknown> => new Promise((done) => (answer = done)), {
      name: "stock",
      failfast: here,
    });
    const other = breakerOf(action, { name: "stock", failfast: there });
    await failing(other);
    await clock.advance(30_000);
    const tried = one.fire();
    await clock.advance(0);
    expect([one.halfOpen, one.pendingClose, other.pendingClose]).toEqual([true, false, false]);
    await expect(other.fire(1)).rejects.toMatchObject({ code: "EOPENBREAKER" });
    answer("well");
    expect(await tried).toBe("well");
  });

  test("opens and closes for all by open() and close()", async () => {
    const { here, there, clock } = fleet();
    const one = breakerOf(action, { name: "stock", failfast: here });
    const other = breakerOf(action, { name: "stock", failfast: there });
    await Promise.all([one.fire(1), other.fire(1)]);
    one.open();
    expect(one.opened).toBe(true);
    await clock.advance(0);
    expect(other.opened).toBe(true);
    other.close();
    await clock.advance(0);
    expect([one.closed, other.closed]).toEqual([true, true]);
  });

  test("starts in the fleet's state, whatever state it is given", async () => {
    const { here, there, clock } = fleet();
    await failing(breakerOf(action, { name: "stock", failfast: here }));
    await there.ready();
    await clock.advance(0);
    const late = breakerOf(action, { name: "stock", failfast: there, state: { closed: true } });
    expect(late.opened).toBe(true);
    expect(breakerOf(action, { name: "other", failfast: there, state: { closed: false } }).closed).toBe(true);
  });

  test("takes failfast's own options too", async () => {
    const { here, there, clock } = fleet();
    const options = { name: "stock", circuit: { quorum: 2 } };
    const one = breakerOf(action, { ...options, failfast: here });
    const other = breakerOf(action, { ...options, failfast: there });
    await other.fire(1);
    await failing(one);
    await clock.advance(500);
    expect([one.opened, other.closed]).toEqual([true, true]);
  });

  test("is one circuit with a handle of the same name", async () => {
    const { here } = fleet();
    const breaker = breakerOf(action, { name: "stock", failfast: here });
    await failing(breaker);
    expect(here("stock").state).toBe("open");
    expect(breaker.circuit.name).toBe("stock");
  });
});

describe("a breaker with a store", () => {
  test("shares its circuit with breakers of the same name and store only", async () => {
    const store = memoryStore();
    const one = breakerOf(action, { name: "stock", store });
    const other = breakerOf(action, { name: "stock", store });
    const apart = breakerOf(action, { name: "stock" });
    await failing(one);
    expect([other.opened, apart.closed]).toEqual([true, true]);
  });

  test("needs a name", () => {
    expect(() => new CircuitBreaker(action, { store: memoryStore() })).toThrow(/takes a name/);
    expect(() => new CircuitBreaker(action, { failfast: createFailfast() })).toThrow(/takes a name/);
  });

  test("refuses a second definition with other options, and says which", () => {
    vi.stubEnv("NODE_ENV", "production");
    const store = memoryStore();
    breakerOf(action, { name: "stock", store, resetTimeout: 1_000 });
    expect(() => new CircuitBreaker(action, { name: "stock", store, resetTimeout: 2_000 })).toThrow(/stock/);
  });

  test("leaves the circuit to the others when it shuts down", async () => {
    const store = memoryStore();
    const one = breakerOf(action, { name: "stock", store });
    const other = breakerOf(action, { name: "stock", store });
    one.shutdown();
    await failing(other);
    expect(other.opened).toBe(true);
    expect([one.opened, one.closed, one.isShutdown]).toEqual([false, false, true]);
  });
});
