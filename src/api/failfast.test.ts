import diagnostics from "node:diagnostics_channel";
import { types } from "node:util";
import { describe, expect, test } from "vitest";
import { createFailfast, FailfastError, isFailfastError, memoryStore, TimeoutError } from "../index.js";
import { manualClock } from "../testing/index.js";

const boom = new Error("boom");
const fail = async (): Promise<never> => {
  throw boom;
};

/** The error a call is rejected with. */
async function rejection(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

describe("a guarded function", () => {
  test("keeps this, arguments, name and length, and the very value", async () => {
    const result = { rows: 1 };
    const guarded = createFailfast()("x", 60)(async function sum(
      this: { base: number },
      a: number,
      b: number,
    ) {
      return { result, total: this.base + a + b };
    });
    expect([guarded.name, guarded.length]).toEqual(["sum", 2]);
    const answer = await guarded.call({ base: 1 }, 2, 3);
    expect(answer.total).toBe(6);
    expect(answer.result).toBe(result);
  });

  test("its own error reaches the caller as the same object, and opens the circuit", async () => {
    const circuit = createFailfast()("x", 60);
    const guarded = circuit(fail);
    expect(await rejection(guarded)).toBe(boom);
    expect(circuit.state).toBe("open");
    const error = await rejection(guarded);
    expect(error).toBeInstanceOf(FailfastError);
    expect((error as FailfastError).cause).toBe(boom);
  });

  test("sync stays sync: it throws while open", () => {
    const circuit = createFailfast()("x", 60);
    const guarded = circuit((n: number) => {
      if (n < 0) throw boom;
      return n;
    });
    expect(guarded(1)).toBe(1);
    expect(() => guarded(-1)).toThrow(boom);
    expect(() => guarded(1)).toThrow(FailfastError);
  });

  test("one whose kind can't be seen is rejected as its last call answered, or as `returns` says", async () => {
    const failfast = createFailfast();
    const promising = failfast("promising", 60)((n: number) => Promise.resolve(n));
    await promising(1);
    await failfast("promising").trip();
    const rejected = promising(1);
    expect(rejected).toBeInstanceOf(Promise);
    await expect(rejected).rejects.toThrow(FailfastError);
    const declared = failfast("declared", 60, { returns: "promise" })((n: number) => Promise.resolve(n));
    await failfast("declared").trip();
    await expect(declared(1)).rejects.toThrow(FailfastError);
    const unseen = failfast("unseen", 60)((n: number) => Promise.resolve(n));
    await failfast("unseen").trip();
    expect(() => unseen(1)).toThrow(FailfastError);
  });

  test("a thenable is run once, and counted", async () => {
    let runs = 0;
    const circuit = createFailfast()("x", 60);
    const query = circuit(() => ({
      // biome-ignore lint/suspicious/noThenProperty: a lazy query, as query builders give
      then(_: unknown, reject: (error: unknown) => void) {
        runs++;
        reject(boom);
      },
    }));
    expect(await rejection(query)).toBe(boom);
    expect(runs).toBe(1);
    expect(circuit.state).toBe("open");
  });

  test("generator functions, classes and what is no function are refused", () => {
    const circuit = createFailfast()("x", 60) as unknown as (fn: unknown) => unknown;
    expect(() => circuit(function* items() {})).toThrow(/"items" is a generator function/);
    expect(() => circuit(async function* items() {})).toThrow(TypeError);
    expect(() => circuit(class Api {})).toThrow(/guard its methods/);
    for (const value of [undefined, null, 1, {}]) expect(() => circuit(value)).toThrow(TypeError);
  });
});

describe("what counts", () => {
  test("a listed class does, another does not", async () => {
    const circuit = createFailfast()("x", 60, { exceptions: [RangeError] });
    await rejection(() => circuit.run(() => Promise.reject(new TypeError("unlisted"))));
    expect(circuit.state).toBe("closed");
    await rejection(() => circuit.run(() => Promise.reject(new RangeError("listed"))));
    expect(circuit.state).toBe("open");
  });

  test("TimeoutError in the list stands for the platform's own", async () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60, { exceptions: [TimeoutError] });
    await rejection(() => circuit.run(() => Promise.reject(new DOMException("late", "TimeoutError"))));
    expect(circuit.state).toBe("open");
  });

  test("a returned value does, where `results` says so, sync and async", async () => {
    const results = (answer: { status: number }): boolean => answer.status >= 500;
    const failfast = createFailfast();
    const sync = failfast("sync", 60, { results });
    expect(sync(() => ({ status: 500 }))()).toEqual({ status: 500 });
    expect(sync.state).toBe("open");
    const later = failfast("async", 60, { results });
    await later(async () => ({ status: 200 }))();
    expect(later.state).toBe("closed");
    await later(async () => ({ status: 503 }))();
    expect(later.state).toBe("open");
  });

  test("rule 10: a caller's own abort is neither failure nor success", async () => {
    const circuit = createFailfast()("x", 60);
    const abort = new AbortController();
    const call = circuit.run(
      (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      {
        signal: abort.signal,
      },
    );
    abort.abort();
    await expect(call).rejects.toThrow(/abort/i);
    expect(circuit.state).toBe("closed");
  });

  test("a rejection of an inner circuit does not open the outer one", async () => {
    const failfast = createFailfast();
    const inner = failfast("inner", 60);
    await inner.trip();
    const outer = failfast("outer", 60);
    expect(isFailfastError(await rejection(() => outer.run(() => inner.run(() => 1))))).toBe(true);
    expect(outer.state).toBe("closed");
  });

  test("a predicate that throws does not replace the call's outcome", async () => {
    const circuit = createFailfast()("x", 60, {
      exceptions: () => {
        throw new Error("of the predicate");
      },
    });
    expect(await rejection(() => circuit.run(fail))).toBe(boom);
  });
});

describe("options", () => {
  test("fallback gets the error, the arguments and this", async () => {
    const failfast = createFailfast();
    const fallback = function (this: unknown, error: FailfastError, customer: string): unknown {
      return [(this as { id: number }).id, error.circuit, customer];
    };
    const circuit = failfast("x", 60, { fallback });
    const guarded = circuit(async function (this: { id: number }, customer: string): Promise<unknown> {
      return customer;
    });
    await circuit.trip();
    expect(await guarded.call({ id: 7 }, "ann")).toEqual([7, "x", "ann"]);
  });

  test("enabled: false calls straight through, and asks no store", async () => {
    const operations: string[] = [];
    const store = new Proxy(memoryStore(), {
      get: (target, verb) => {
        if (typeof verb === "string" && verb in target) operations.push(verb);
        return Reflect.get(target, verb);
      },
    });
    const failfast = createFailfast({ store });
    operations.length = 0;
    const circuit = failfast("x", 60, { enabled: false });
    for (let i = 0; i < 3; i++) expect(await rejection(() => circuit.run(fail))).toBe(boom);
    expect([circuit.state, operations]).toEqual(["closed", []]);
  });

  test("enabled as a function is asked at each call", async () => {
    let enabled = false;
    const circuit = createFailfast()("x", 60, { enabled: () => enabled });
    await rejection(() => circuit.run(fail));
    expect(circuit.state).toBe("closed");
    enabled = true;
    await rejection(() => circuit.run(fail));
    expect(circuit.state).toBe("open");
  });

  test.each([
    ["exceptions", 1],
    ["results", {}],
    ["fallback", "no"],
    ["enabled", "yes"],
    ["returns", "both"],
    ["store", { get() {} }],
    ["recovery", "never"],
    ["probes", 0],
    ["probes", 1.5],
    ["shareReason", 1],
    ["stackTraces", "long"],
    ["maxCircuits", -1],
    ["tresholds", 3],
  ])("a wrong %s (%j) is refused where it is given, by name", (option, value) => {
    const failfast = createFailfast();
    const make = (): unknown => failfast("x", 60, { [option]: value } as never);
    expect(make).toThrow(new RegExp(option));
    expect(make).toThrow(
      typeof value === "number" && /probes|maxCircuits/.test(option) ? RangeError : TypeError,
    );
  });

  test("configure reaches circuits made earlier, and lists those that were called when it is too late", async () => {
    const failfast = createFailfast();
    const circuit = failfast("early", 60);
    const store = memoryStore();
    failfast.configure({ store });
    await rejection(() => circuit.run(fail));
    expect(store.get("circuit:early")).toMatch(/"state":"open"/);
    expect(() => failfast.configure({})).toThrow(/"early"/);
  });

  test("what configure gives must make sense with the circuits made earlier: it says so itself, and changes nothing", async () => {
    const failfast = createFailfast();
    const circuit = failfast("x", 60, { quorum: 2 });
    failfast((host: string) => host, 60, { quorum: 2 });
    const noSwap = { get: () => null, set: () => undefined, delete: () => undefined };
    expect(() => failfast.configure({ store: noSwap })).toThrow(/no swap/);
    expect(() => failfast.configure({ mode: "throttle" })).toThrow(/quorum is about tripping/);
    expect(await circuit.run(() => 1)).toBe(1);
  });

  test("FAILFAST_ENABLED that says neither yes nor no is refused where a circuit is made", () => {
    process.env["FAILFAST_ENABLED"] = "maybe";
    try {
      const failfast = createFailfast();
      expect(() => failfast("x", 60)).toThrow(/FAILFAST_ENABLED is "maybe"/);
      expect(() => failfast((host: string) => host, 60)).toThrow(/FAILFAST_ENABLED/);
    } finally {
      delete process.env["FAILFAST_ENABLED"];
    }
  });

  test("no time is too long for a timer, for an operator or for the record", async () => {
    const store = memoryStore();
    const options = { store, retryAfter: true, backoff: { factor: 10 }, callTimeout: "30d" } as const;
    const circuit = createFailfast()("x", "300d", options);
    const other = createFailfast()("x", "300d", options);
    expect(await circuit.run(() => new Promise((done) => setTimeout(done, 20, "in time")))).toBe("in time");
    expect(await circuit.trip()).toEqual({ stored: true });
    expect(circuit.retryAfter).toBeCloseTo(86_400, -1);
    await circuit.reset();
    const busy = Object.assign(new Error("busy"), { headers: { "retry-after": "99999999" } });
    await rejection(() => circuit.run(() => Promise.reject(busy)));
    expect(await rejection(() => other.run(() => 1))).toBeInstanceOf(FailfastError);
    expect(other.retryAfter).toBeCloseTo(365 * 86_400, -2);
  });
});

describe("the error", () => {
  test("is a real error, with what web frameworks look for, and every field can be assigned", async () => {
    const circuit = createFailfast({ clock: manualClock() })("sales", 42);
    await circuit.trip();
    const error = (await rejection(() => circuit.run(() => 1))) as FailfastError;
    expect(types.isNativeError(error)).toBe(true);
    expect(error).toMatchObject({
      name: "FailfastError",
      code: "ERR_FAILFAST_OPEN",
      circuit: "sales",
      state: "open",
      retryAfter: 42,
      status: 503,
      statusCode: 503,
      expose: true,
      headers: { "Retry-After": "42" },
    });
    expect(error.message).toContain('"sales"');
    const response = error.toResponse() as Response;
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "42"]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ status: 503, circuit: "sales", retryAfter: 42 });
    for (const field of [
      "name",
      "code",
      "message",
      "circuit",
      "status",
      "headers",
      "expose",
      "cause",
      "retryAfter",
    ] as const) {
      (error as unknown as Record<string, unknown>)[field] = "assigned";
      expect(error[field]).toBe("assigned");
    }
  });

  test("is found behind causes, and a circle of them ends", () => {
    const error = new FailfastError({ circuit: "x", state: "open", retryAfterMs: 1 });
    expect(isFailfastError(new TypeError("fetch failed", { cause: error }))).toBe(true);
    const circle = new Error("a");
    circle.cause = circle;
    for (const other of [circle, undefined, null, "x", {}]) expect(isFailfastError(other)).toBe(false);
  });

  test("has the frames of its stack only when asked for", async () => {
    const failfast = createFailfast();
    const plain = failfast("plain", 60);
    const traced = failfast("traced", 60, { stackTraces: true });
    await Promise.all([plain.trip(), traced.trip()]);
    const stackOf = async (circuit: typeof plain): Promise<unknown> =>
      ((await rejection(() => circuit.run(() => 1))) as Error).stack;
    // Loggers split it, and would fail on `undefined`.
    expect(await stackOf(plain)).toBe(
      'FailfastError: circuit "plain" is open; the call was not made, retry in 60 s',
    );
    expect(String(await stackOf(traced))).toContain("    at ");
    expect(new Error("others").stack).toContain("    at ");
  });
});

describe("circuits named by the arguments", () => {
  test("each name has its own", async () => {
    const byHost = createFailfast()((host: string) => `api:${host}`, 60);
    const get = byHost(async (host: string) => {
      if (host === "down") throw boom;
      return host;
    });
    await rejection(() => get("down"));
    expect(await get("up")).toBe("up");
    expect([byHost.for("down").state, byHost.for("up").state]).toEqual(["open", "closed"]);
    expect(await rejection(() => get("down"))).toBeInstanceOf(FailfastError);
  });

  test("a circuit of many names is what another handle of its name says, before any call through it", async () => {
    const failfast = createFailfast({ clock: manualClock() });
    const byName = failfast("api", 5, { scope: "process" });
    await byName.run(() => Promise.reject(new Error("down"))).catch(() => undefined);
    const seen = failfast((host: string) => host, 5, { scope: "process" }).for("api");
    expect([seen.state, seen.retryAfter]).toEqual(["open", 5]);
  });

  test("of too many the closed ones go first", async () => {
    const byHost = createFailfast()((host: string) => host, 60, { maxCircuits: 3 });
    const get = byHost(async (host: string) => {
      if (host.startsWith("down")) throw boom;
    });
    await rejection(() => get("down1"));
    for (const host of ["a", "b", "c", "d"]) await get(host);
    expect(byHost.for("down1").state).toBe("open");
  });

  test("one that is removed while open or held is still so when it is asked for again", async () => {
    const clock = manualClock();
    const byHost = createFailfast({ clock })((host: string) => host, 60, { maxCircuits: 2 });
    let calls = 0;
    const get = byHost(async (_: string) => {
      calls++;
      throw boom;
    });
    await byHost.for("held").hold("open");
    for (const host of ["a", "b", "c"]) {
      await rejection(() => get(host));
      await clock.advance(10);
    }
    for (const host of ["held", "a", "b", "c"])
      expect(await rejection(() => get(host))).toBeInstanceOf(FailfastError);
    expect(calls).toBe(3);
    await byHost.for("a").reset();
    expect(await rejection(() => get("a"))).toBe(boom);
    expect([byHost.for("held").held, byHost.for("a").state]).toEqual(["open", "open"]);
  });

  test("one that is removed keeps working for other holders of its handle", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const failfast = createFailfast({ clock, store });
    const handle = failfast("a", 60, { maxCircuits: 1 });
    const byHost = failfast((host: string) => host, 60, { maxCircuits: 1 });
    await handle.run(() => 1);
    const get = byHost(async (host: string) => host);
    for (const host of ["a", "b", "c"]) await get(host);
    await createFailfast({ clock, store })("a", 60).trip();
    await clock.advance(1);
    expect(handle.state).toBe("open");
    expect(await rejection(() => handle.run(() => 1))).toBeInstanceOf(FailfastError);
  });

  test("removing one costs as much among thousands of open ones as among a few", async () => {
    let read = 0;
    const clock = manualClock();
    const counting = {
      ...clock,
      now() {
        read++;
        return clock.now();
      },
    };
    const cost = async (maxCircuits: number): Promise<number> => {
      const failfast = createFailfast({ clock: counting });
      const get = failfast((n: number) => `n${n}`, 60, { maxCircuits })((_: number) => fail());
      for (let n = 0; n < maxCircuits; n++) await rejection(() => get(n));
      read = 0;
      for (let n = 0; n < 20; n++) await rejection(() => get(maxCircuits + n));
      return read;
    };
    expect(await cost(2_000)).toBeLessThan(3 * (await cost(100)));
  });

  test("they take `returns` from the defaults too", async () => {
    const byHost = createFailfast({ returns: "promise" })((host: string) => host, 60);
    await byHost.for("a").trip();
    await expect(byHost((host: string) => host)("a")).rejects.toBeInstanceOf(FailfastError);
  });

  test("a name that is no string is refused", () => {
    const byHost = createFailfast()((() => 7) as unknown as () => string, 60);
    expect(() => byHost(() => 1)()).toThrow(/returned 7/);
  });
});

describe("events", () => {
  test("reach the circuit's listeners, the failfast's, and the diagnostics channel", async () => {
    const seen: string[] = [];
    const failfast = createFailfast();
    const circuit = failfast("x", 60);
    const listen = circuit.on("open", ({ reason }) => seen.push(`circuit ${reason}`));
    failfast.on("failure", ({ error }) => seen.push(`failfast ${String(error)}`));
    const subscriber = (message: unknown): unknown =>
      seen.push(`channel ${(message as { circuit: string }).circuit}`);
    diagnostics.subscribe("failfast:open", subscriber);
    await rejection(() => circuit.run(fail));
    diagnostics.unsubscribe("failfast:open", subscriber);
    expect(seen).toEqual(["failfast Error: boom", "circuit Error", "channel x"]);
    listen.dispose();
    await circuit.reset();
    await rejection(() => circuit.run(fail));
    expect(seen).toHaveLength(4);
  });

  test("a circuit also gets the events of its store's health", async () => {
    const down = (): never => {
      throw boom;
    };
    const circuit = createFailfast({ store: { get: down, set: down, delete: down } })("x", 60);
    const heard: unknown[] = [];
    circuit.on("store-down", ({ error }) => heard.push(error));
    await rejection(() => circuit.run(fail));
    expect(heard).toEqual([boom]);
  });

  test("success events begin with the first listener, and a listener that throws breaks nothing", async () => {
    let heard = 0;
    const circuit = createFailfast()("x", 60);
    await circuit.run(() => 1);
    circuit.on("success", () => {
      heard++;
      throw new Error("of the listener");
    });
    expect(await circuit.run(() => 2)).toBe(2);
    expect(heard).toBe(1);
    expect(() => circuit.on("opened" as never, () => undefined)).toThrow(/there is no event "opened"/);
  });

  test("success and failure say how long the call took, while somebody listens to success", async () => {
    const clock = manualClock();
    const circuit = createFailfast({ clock, results: (value: string) => value === "bad" })("x", 60, {
      threshold: 9,
      callTimeout: "40ms",
    });
    const seen: unknown[] = [];
    const after = (ms: number, end: () => unknown): Promise<unknown> =>
      circuit.run(() => new Promise((resolve) => clock.after(ms, () => resolve(end()))));
    const take = async (ms: number, end: () => unknown): Promise<unknown> => {
      const call = after(ms, end).catch(() => undefined);
      await clock.advance(ms);
      return call;
    };
    circuit.on("failure", ({ durationMs }) => seen.push(["failure", durationMs]));
    await take(10, () => fail());
    const subscription = circuit.on("success", ({ durationMs }) => seen.push(["success", durationMs]));
    await take(10, () => "good");
    await take(20, () => "bad");
    await take(30, () => fail());
    await take(50, () => "too late");
    subscription.dispose();
    await take(10, () => "bad");
    expect(seen).toEqual([
      ["failure", undefined],
      ["success", 10],
      ["failure", 20],
      ["failure", 30],
      ["failure", 40],
      ["failure", undefined],
    ]);
  });
});

describe("operators", () => {
  test("trip, reset, hold and release reach every process of the fleet, and say that the store has it", async () => {
    const store = memoryStore();
    const here = createFailfast({ store })("x", 60);
    const there = createFailfast({ store })("x", 60);
    await there.run(() => 1);
    expect(await here.trip({ reason: "maintenance", for: "5m" })).toEqual({ stored: true });
    expect([there.state, Math.round(there.retryAfter)]).toEqual(["open", 300]);
    expect(there.snapshot()).toMatchObject({ reason: "maintenance" });
    await here.reset();
    expect(there.state).toBe("closed");
    await here.hold("open", { reason: "game day" });
    expect([there.held, await rejection(() => there.run(() => 1))]).toEqual([
      "open",
      expect.any(FailfastError),
    ]);
    await here.hold("closed");
    await rejection(() => there.run(fail));
    expect([there.held, there.state]).toEqual(["closed", "closed"]);
    await here.release();
    expect(there.held).toBeUndefined();
  });

  test("a hold ends by itself", async () => {
    const clock = manualClock();
    const circuit = createFailfast({ clock })("x", 60);
    await circuit.hold("open", { until: clock.wall() + 5_000 });
    expect(circuit.held).toBe("open");
    await clock.advance(5_001);
    expect([circuit.held, circuit.state]).toEqual([undefined, "closed"]);
  });

  test("wrong arguments are refused", async () => {
    const circuit = createFailfast()("x", 60);
    await expect(circuit.hold("ajar" as never)).rejects.toThrow(TypeError);
    await expect(circuit.hold("open", { until: new Date(0) })).rejects.toThrow(RangeError);
    await expect(circuit.trip({ for: "2d" })).rejects.toThrow(RangeError);
    await expect(circuit.trip({ reason: 1 as never })).rejects.toThrow(TypeError);
  });
});
