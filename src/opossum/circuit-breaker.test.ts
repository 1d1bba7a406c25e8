import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { createFailfast, isFailfastError } from "../index.js";
import { action, breakerOf, breakers, down, endBreakers, failing, fleet } from "./circuit-breaker.fixture.js";
import CircuitBreaker, { type BreakerOptions } from "./index.js";

endBreakers();

describe("a breaker opens", () => {
  const outcomes = async (options: BreakerOptions<[unknown]>, answers: string): Promise<string> => {
    const breaker = breakerOf(action, options);
    for (const answer of answers) await breaker.fire(answer === "x" ? down : answer).catch(() => undefined);
    return breaker.opened ? "open" : "closed";
  };

  test.each([
    [{}, "x", "open"],
    [{}, "..xx", "closed"],
    [{}, "..xxx", "open"],
    [{ volumeThreshold: 5 }, "xxxx", "closed"],
    [{ volumeThreshold: 5 }, "xxxxx", "open"],
    [{ errorThresholdPercentage: 0 }, "...................x", "open"],
    [{ errorThresholdPercentage: 100 }, "xxxxxxxxxx", "closed"],
    [{ errorThresholdPercentage: 90 }, ".xxxxxxxxx", "closed"],
    [{ errorThresholdPercentage: 90 }, ".xxxxxxxxxx", "open"],
  ])("%j after %s is %s", async (options, answers, state) => {
    expect(await outcomes(options, answers)).toBe(state);
  });

  test("by no error that errorFilter accepts, which still reaches the caller", async () => {
    const breaker = breakerOf(action, { errorFilter: (error: Error) => error.message === "not found" });
    const fallback = vi.fn();
    breaker.fallback(fallback);
    const missing = new Error("not found");
    await expect(breaker.fire(missing)).rejects.toBe(missing);
    expect([breaker.closed, breaker.stats.successes, breaker.stats.failures]).toEqual([true, 1, 0]);
    expect(fallback).not.toHaveBeenCalled();
  });

  test("as without errorFilter if that throws", async () => {
    const errorFilter = (): boolean => {
      throw new Error("of the filter");
    };
    const breaker = breakerOf(action, { errorFilter });
    await expect(breaker.fire(down)).rejects.toBe(down);
    expect(breaker.opened).toBe(true);
  });

  test("by no call that was rejected for lack of capacity, although that call fails", async () => {
    const { here } = fleet();
    let answer = (_: unknown): void => undefined;
    const slow = (): Promise<unknown> => new Promise((done) => (answer = done));
    const breaker = breakerOf(slow, { name: "stock", failfast: here, capacity: 1 });
    const first = breaker.fire();
    for (let n = 0; n < 20; n++) await expect(breaker.fire()).rejects.toMatchObject({ code: "ESEMLOCKED" });
    answer("answered");
    expect(await first).toBe("answered");
    expect([breaker.closed, breaker.stats.semaphoreRejections, breaker.semaphore.count]).toEqual([
      true,
      20,
      1,
    ]);
  });

  test("and rejects a call while the trial call takes the one place", async () => {
    const { here, clock } = fleet();
    let answer = (_: unknown): void => undefined;
    const slow = (given: unknown): Promise<unknown> =>
      given === down ? action(given) : new Promise((done) => (answer = done));
    const breaker = breakerOf(slow, { name: "stock", failfast: here, capacity: 1, resetTimeout: 1_000 });
    await failing(breaker);
    await clock.advance(1_001);
    const trying = breaker.fire("trying");
    await clock.advance(0);
    for (let n = 0; n < 2; n++)
      await expect(breaker.fire("no")).rejects.toMatchObject({ code: "EOPENBREAKER" });
    expect(breaker.stats).toMatchObject({ rejects: 2, failures: 1, semaphoreRejections: 0 });
    answer("answered");
    expect(await trying).toBe("answered");
    expect([breaker.closed, breaker.semaphore.count]).toEqual([true, 1]);
  });

  test("without a rejected call taking a place", async () => {
    const breaker = breakerOf(action, { capacity: 3 });
    await failing(breaker);
    for (let n = 0; n < 9; n++) await breaker.fire(1).catch(() => undefined);
    expect(breaker.semaphore.count).toBe(3);
  });

  test("by no failure of the warm-up, and an open one stays open", async () => {
    const { here, there, clock } = fleet();
    const warm = breakerOf(
      (ms: number) => (ms < 0 ? Promise.reject(down) : new Promise<never>(() => undefined)),
      {
        name: "stock",
        failfast: here,
        allowWarmUp: true,
        timeout: 50,
      },
    );
    await expect(warm.fire(-1)).rejects.toBe(down);
    const late = warm.fire(1);
    const caught = expect(late).rejects.toMatchObject({ code: "ETIMEDOUT" });
    await clock.advance(60);
    await caught;
    expect([warm.warmUp, warm.closed, warm.stats.failures]).toEqual([true, true, 2]);
    const other = breakerOf(action, { name: "stock", failfast: there, timeout: 50 });
    await failing(other);
    await clock.advance(0);
    await expect(warm.fire(1)).rejects.toMatchObject({ code: "EOPENBREAKER" });
  });
});

describe("a caller gets", () => {
  test("a rejection that frameworks answer with 503 and Retry-After, and that other circuits recognise", async () => {
    const breaker = breakerOf(action, { resetTimeout: 20_000 });
    await failing(breaker);
    const rejection: unknown = await breaker.fire(1).catch((error: unknown) => error);
    expect(rejection).toMatchObject({ status: 503, statusCode: 503, headers: { "Retry-After": "20" } });
    expect(CircuitBreaker.isOurError(rejection)).toBe(true);
    expect(isFailfastError(rejection)).toBe(true);
    expect((rejection as Error).cause).toMatchObject({ cause: down });
    const outer = createFailfast()("outer", 60);
    await expect(outer.run(() => breaker.fire(1))).rejects.toMatchObject({ code: "EOPENBREAKER" });
    expect(outer.state).toBe("closed");
  });

  test("a time-out, before the circuit opens", async () => {
    const { here, clock } = fleet();
    const abortController = new AbortController();
    const options = { name: "stock", failfast: here, timeout: 100, abortController };
    const breaker = breakerOf(() => new Promise(() => undefined), options);
    const told: string[] = [];
    for (const event of ["fire", "timeout", "failure", "open"] as const)
      breaker.on(event, () => told.push(`${event} ${breaker.opened ? "open" : "closed"}`));
    const caught = expect(breaker.fire()).rejects.toMatchObject({
      message: "Timed out after 100ms",
      code: "ETIMEDOUT",
      status: 504,
    });
    await clock.advance(100);
    await clock.advance(1);
    await caught;
    expect(told).toEqual(["fire closed", "timeout closed", "failure closed", "open open"]);
    expect(abortController.signal.aborted).toBe(true);
    expect(breaker.semaphore.count).toBe(breaker.options.capacity);
  });

  test("its own answer, even if a listener throws", async () => {
    const breaker = breakerOf(action);
    for (const event of ["fire", "success", "failure", "open"] as const)
      breaker.on(event, () => {
        throw new Error("of the listener");
      });
    expect(await breaker.fire("fine")).toBe("fine");
    expect(await breaker.fire(undefined)).toBe(undefined);
    await expect(breaker.fire(down)).rejects.toBe(down);
  });

  test("success for a sync action that returns nothing", async () => {
    const breaker = new CircuitBreaker(() => undefined);
    breakers.push(breaker as never);
    expect(await breaker.fire()).toBe(undefined);
    expect(breaker.stats.successes).toBe(1);
  });

  test("a fresh signal after a call has timed out on a closed circuit", async () => {
    const options = { timeout: 30, autoRenewAbortController: true, volumeThreshold: 10 };
    const breaker = breakerOf(
      (signal?: AbortSignal) => delay(5_000, "late", { signal, ref: false }),
      options,
    );
    const signal = breaker.getSignal();
    await expect(breaker.fire(signal)).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect(signal?.aborted).toBe(true);
    expect(breaker.getSignal()?.aborted).toBe(false);
  });

  test("the fallback's answer; the fallback gets the arguments and then the error", async () => {
    const breaker = breakerOf(action).fallback((given: unknown, error: Error) => [given, error]);
    expect(await breaker.fire(down)).toEqual([down, down]);
    const [given, error] = (await breaker.fire("x")) as [string, Error];
    expect([given, error]).toMatchObject(["x", { code: "EOPENBREAKER" }]);
  });
});

describe("an unusable option is refused", () => {
  test.each([
    [{ resetTimeout: "soon" }, /resetTimeout/],
    [{ timeout: Number.NaN }, undefined],
    [{ rollingCountTimeout: "long" }, /rollingCountTimeout/],
    [{ cache: true, cacheTransport: {} }, /cacheTransport/],
  ])("%j", (options, message) => {
    const make = (): unknown => breakerOf(action, options as never);
    if (message === undefined) expect(make).not.toThrow();
    else expect(make).toThrow(message);
  });
});
