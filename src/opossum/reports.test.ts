import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { action, breakerOf, down, endBreakers, failing, fleet } from "./circuit-breaker.fixture.js";
import type CircuitBreaker from "./index.js";

endBreakers();

describe("reports of opossum's users", () => {
  const open = async (breaker: CircuitBreaker<[unknown]>): Promise<void> => {
    for (let n = 0; n < 3; n++) await failing(breaker);
  };

  test("failures that end together open it once, and it becomes half-open afterwards", async () => {
    const { here, clock } = fleet();
    const breaker = breakerOf(action, { name: "stock", failfast: here, volumeThreshold: 5 });
    const opened = vi.fn();
    breaker.on("open", opened);
    await Promise.all(Array.from({ length: 10 }, () => failing(breaker)));
    expect([breaker.opened, opened.mock.calls.length]).toEqual([true, 1]);
    await clock.advance(30_000);
    expect(breaker.halfOpen).toBe(true);
  });

  test("a call that fails when half-open opens it again, whatever the rate, and the next one may close it", async () => {
    const { here, clock } = fleet();
    const breaker = breakerOf(action, { name: "stock", failfast: here, volumeThreshold: 3 });
    await open(breaker);
    for (let n = 0; n < 3; n++) {
      await clock.advance(30_000);
      expect(await failing(breaker)).toBe(down);
      expect(breaker.opened).toBe(true);
    }
    await clock.advance(30_000);
    expect(await breaker.fire("well")).toBe("well");
    expect(breaker.closed).toBe(true);
  });

  test("only one of many calls is made when half-open", async () => {
    const { here, clock } = fleet();
    const calls = vi.fn(action);
    const breaker = breakerOf(calls, { name: "stock", failfast: here });
    await failing(breaker);
    await clock.advance(30_000);
    calls.mockClear();
    const answers = await Promise.allSettled(Array.from({ length: 50 }, (_, n) => breaker.fire(n)));
    expect(calls).toHaveBeenCalledTimes(1);
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("a call from before the opening that succeeds late does not close it", async () => {
    let answer = (_: unknown): void => undefined;
    const made = (given: unknown): Promise<unknown> =>
      given === "late" ? new Promise((done) => (answer = done)) : action(given);
    const breaker = breakerOf(made, { errorThresholdPercentage: 1 });
    const late = breaker.fire("late");
    await failing(breaker);
    answer("at last");
    expect(await late).toBe("at last");
    expect(breaker.opened).toBe(true);
  });

  test("the first failure opens it, unless volumeThreshold asks for more calls", async () => {
    const eager = breakerOf(action);
    const patient = breakerOf(action, { volumeThreshold: 2 });
    await failing(eager);
    await failing(patient);
    expect([eager.opened, patient.closed]).toEqual([true, true]);
  });
});

describe("a breaker that nobody listens to", () => {
  test("starts no timer", () => {
    const timers = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(globalThis, "setInterval")];
    for (let n = 0; n < 50; n++) breakerOf(action);
    for (const timer of timers) expect(timer).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test("takes no snapshots, and takes them once somebody listens", async () => {
    const breaker = breakerOf(action, { rollingCountTimeout: 100, rollingCountBuckets: 10 });
    await breaker.fire(1);
    const [snapshot] = await new Promise<[{ fires: number }]>((done) =>
      breaker.status.once("snapshot", (...told) => done(told)),
    );
    expect(snapshot.fires).toBe(1);
  });

  test("ends its health check when it shuts down", async () => {
    const check = vi.fn(async () => undefined);
    const breaker = breakerOf(action);
    breaker.healthCheck(check, 5);
    breaker.shutdown();
    await delay(50);
    expect(check).toHaveBeenCalledTimes(1);
  });

  test("emits the events for opossum-prometheus from the start", () => {
    expect(breakerOf(action).eventNames().sort()).toEqual(
      [
        "cacheHit",
        "cacheMiss",
        "close",
        "coalesceCacheHit",
        "coalesceCacheMiss",
        "failure",
        "fallback",
        "fire",
        "open",
        "reject",
        "semaphoreLocked",
        "success",
        "timeout",
      ].sort(),
    );
  });
});
