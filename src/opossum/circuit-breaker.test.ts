import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createFailfast, type Failfast, isFailfastError, memoryStore } from "../index.js";
import { manualClock } from "../testing/index.js";
import CircuitBreaker, { type BreakerOptions } from "./index.js";

const breakers: CircuitBreaker<never>[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const breaker of breakers.splice(0)) breaker.shutdown();
});

/** What it is given decides what comes of a call. */
const action = async (answer: unknown): Promise<unknown> => {
  if (answer instanceof Error) throw answer;
  return answer;
};

function breakerOf<TI extends unknown[], TR>(
  made: (...args: TI) => Promise<TR>,
  options: BreakerOptions<TI> = {},
): CircuitBreaker<TI, TR> {
  const breaker = new CircuitBreaker(made, options);
  breakers.push(breaker as never);
  return breaker;
}

/** Two processes of a fleet: each has a failfast of its own, over one store. */
function fleet(): { clock: ReturnType<typeof manualClock>; here: Failfast; there: Failfast } {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const member = (host: string): Failfast => createFailfast({ store, clock, host });
  return { clock, here: member("here"), there: member("there") };
}

const down = new Error("down");
const failing = async (breaker: CircuitBreaker<[unknown]>): Promise<unknown> =>
  breaker.fire(down).catch((e) => e);

describe("a breaker with a name and a failfast", () => {
  test("opens in the other process, which says so and rejects without a call", async () => {
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

  test("closes in the other process when the one call that tries succeeds", async () => {
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

  test("lets one call of the fleet try, and is not about to close meanwhile", async () => {
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

  test("begins in the state that the fleet is in, whatever state it is given", async () => {
    const { here, there, clock } = fleet();
    await failing(breakerOf(action, { name: "stock", failfast: here }));
    await there.ready();
    await clock.advance(0);
    const late = breakerOf(action, { name: "stock", failfast: there, state: { closed: true } });
    expect(late.opened).toBe(true);
    expect(breakerOf(action, { name: "other", failfast: there, state: { closed: false } }).closed).toBe(true);
  });

  test("has failfast's own options too", async () => {
    const { here, there, clock } = fleet();
    const options = { name: "stock", circuit: { quorum: 2 } };
    const one = breakerOf(action, { ...options, failfast: here });
    const other = breakerOf(action, { ...options, failfast: there });
    await other.fire(1);
    await failing(one);
    await clock.advance(500);
    expect([one.opened, other.closed]).toEqual([true, true]);
  });

  test("is one circuit with a handle of that name", async () => {
    const { here } = fleet();
    const breaker = breakerOf(action, { name: "stock", failfast: here });
    await failing(breaker);
    expect(here("stock").state).toBe("open");
    expect(breaker.circuit.name).toBe("stock");
  });
});

describe("a breaker with a store", () => {
  test("shares its circuit with others of its name, and not with those without the store", async () => {
    const store = memoryStore();
    const one = breakerOf(action, { name: "stock", store });
    const other = breakerOf(action, { name: "stock", store });
    const apart = breakerOf(action, { name: "stock" });
    await failing(one);
    expect([other.opened, apart.closed]).toEqual([true, true]);
  });

  test("takes a name", () => {
    expect(() => new CircuitBreaker(action, { store: memoryStore() })).toThrow(/takes a name/);
    expect(() => new CircuitBreaker(action, { failfast: createFailfast() })).toThrow(/takes a name/);
  });

  test("refuses a second definition that differs, and says in what", () => {
    vi.stubEnv("NODE_ENV", "production");
    const store = memoryStore();
    breakerOf(action, { name: "stock", store, resetTimeout: 1_000 });
    expect(() => new CircuitBreaker(action, { name: "stock", store, resetTimeout: 2_000 })).toThrow(/stock/);
  });

  test("that ends leaves the circuit to the others", async () => {
    const store = memoryStore();
    const one = breakerOf(action, { name: "stock", store });
    const other = breakerOf(action, { name: "stock", store });
    one.shutdown();
    await failing(other);
    expect(other.opened).toBe(true);
    expect([one.opened, one.closed, one.isShutdown]).toEqual([false, false, true]);
  });
});

describe("when it opens", () => {
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

  test("what errorFilter names counts as a success, and is thrown all the same", async () => {
    const breaker = breakerOf(action, { errorFilter: (error: Error) => error.message === "not found" });
    const fallback = vi.fn();
    breaker.fallback(fallback);
    const missing = new Error("not found");
    await expect(breaker.fire(missing)).rejects.toBe(missing);
    expect([breaker.closed, breaker.stats.successes, breaker.stats.failures]).toEqual([true, 1, 0]);
    expect(fallback).not.toHaveBeenCalled();
  });

  test("an errorFilter that throws filters nothing", async () => {
    const errorFilter = (): boolean => {
      throw new Error("of the filter");
    };
    const breaker = breakerOf(action, { errorFilter });
    await expect(breaker.fire(down)).rejects.toBe(down);
    expect(breaker.opened).toBe(true);
  });

  test("a call that finds no place fails, and says nothing of the backend", async () => {
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

  test("a call that finds the one place taken by the call that tries is rejected", async () => {
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

  test("a rejected call takes no place", async () => {
    const breaker = breakerOf(action, { capacity: 3 });
    await failing(breaker);
    for (let n = 0; n < 9; n++) await breaker.fire(1).catch(() => undefined);
    expect(breaker.semaphore.count).toBe(3);
  });

  test("failures and time-outs of the warm-up open nothing, but what is open stays so", async () => {
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

describe("what a caller gets", () => {
  test("a rejection that frameworks answer with 503 and Retry-After, and that other circuits know", async () => {
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

  test("a time-out, told before the circuit opens", async () => {
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

  test("its own answer, where a listener throws", async () => {
    const breaker = breakerOf(action);
    for (const event of ["fire", "success", "failure", "open"] as const)
      breaker.on(event, () => {
        throw new Error("of the listener");
      });
    expect(await breaker.fire("fine")).toBe("fine");
    expect(await breaker.fire(undefined)).toBe(undefined);
    await expect(breaker.fire(down)).rejects.toBe(down);
  });

  test("a sync action that gives nothing succeeds", async () => {
    const breaker = new CircuitBreaker(() => undefined);
    breakers.push(breaker as never);
    expect(await breaker.fire()).toBe(undefined);
    expect(breaker.stats.successes).toBe(1);
  });

  test("a signal that is not aborted, after a call has timed out on a closed circuit", async () => {
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

  test("the fallback's answer, given the arguments and then the error", async () => {
    const breaker = breakerOf(action).fallback((given: unknown, error: Error) => [given, error]);
    expect(await breaker.fire(down)).toEqual([down, down]);
    const [given, error] = (await breaker.fire("x")) as [string, Error];
    expect([given, error]).toMatchObject(["x", { code: "EOPENBREAKER" }]);
  });
});

describe("what users of opossum reported", () => {
  const open = async (breaker: CircuitBreaker<[unknown]>): Promise<void> => {
    for (let n = 0; n < 3; n++) await failing(breaker);
  };

  test("failures that end together open it once, and it becomes half-open all the same", async () => {
    const { here, clock } = fleet();
    const breaker = breakerOf(action, { name: "stock", failfast: here, volumeThreshold: 5 });
    const opened = vi.fn();
    breaker.on("open", opened);
    await Promise.all(Array.from({ length: 10 }, () => failing(breaker)));
    expect([breaker.opened, opened.mock.calls.length]).toEqual([true, 1]);
    await clock.advance(30_000);
    expect(breaker.halfOpen).toBe(true);
  });

  test("a call that fails when half-open opens it again, however few there were, and the next may close it", async () => {
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

  test("of many calls when half-open one is made", async () => {
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

  test("a call from before that succeeds late does not close it", async () => {
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

  test("the first call that fails opens it, unless volumeThreshold says how many it takes", async () => {
    const eager = breakerOf(action);
    const patient = breakerOf(action, { volumeThreshold: 2 });
    await failing(eager);
    await failing(patient);
    expect([eager.opened, patient.closed]).toEqual([true, true]);
  });
});

describe("what it costs while nobody looks", () => {
  test("a breaker begins with no timer", () => {
    const timers = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(globalThis, "setInterval")];
    for (let n = 0; n < 50; n++) breakerOf(action);
    for (const timer of timers) expect(timer).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test("snapshots are taken while somebody listens", async () => {
    const breaker = breakerOf(action, { rollingCountTimeout: 100, rollingCountBuckets: 10 });
    await breaker.fire(1);
    const [snapshot] = await new Promise<[{ fires: number }]>((done) =>
      breaker.status.once("snapshot", (...told) => done(told)),
    );
    expect(snapshot.fires).toBe(1);
  });

  test("a health check ends with its breaker", async () => {
    const check = vi.fn(async () => undefined);
    const breaker = breakerOf(action);
    breaker.healthCheck(check, 5);
    breaker.shutdown();
    await delay(50);
    expect(check).toHaveBeenCalledTimes(1);
  });

  test("what opossum-prometheus counts has a listener from the start", () => {
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

describe("options that can't be used", () => {
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
