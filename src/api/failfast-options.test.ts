import { describe, expect, test } from "vitest";
import { createFailfast, FailfastError, memoryStore } from "../index.js";
import { boom, fail, rejection } from "./failfast.fixture.js";

describe("an option", () => {
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

  test("enabled: false calls straight through, without a store operation", async () => {
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

  test("enabled as a function is called at each call", async () => {
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
  ])("with a wrong value is refused where it is given, by name: %s (%j)", (option, value) => {
    const failfast = createFailfast();
    const make = (): unknown => failfast("x", 60, { [option]: value } as never);
    expect(make).toThrow(new RegExp(option));
    expect(make).toThrow(
      typeof value === "number" && /probes|maxCircuits/.test(option) ? RangeError : TypeError,
    );
  });

  test("of configure() reaches circuits created earlier; once those were called it throws and lists them", async () => {
    const failfast = createFailfast();
    const circuit = failfast("early", 60);
    const store = memoryStore();
    failfast.configure({ store });
    await rejection(() => circuit.run(fail));
    expect(store.get("circuit:early")).toMatch(/"state":"open"/);
    expect(() => failfast.configure({})).toThrow(/"early"/);
  });

  test("of configure() that contradicts a circuit created earlier throws, and changes nothing", async () => {
    const failfast = createFailfast();
    const circuit = failfast("x", 60, { quorum: 2 });
    failfast((host: string) => host, 60, { quorum: 2 });
    const noSwap = { get: () => null, set: () => undefined, delete: () => undefined };
    expect(() => failfast.configure({ store: noSwap })).toThrow(/no swap/);
    expect(() => failfast.configure({ mode: "throttle" })).toThrow(/quorum is about tripping/);
    expect(await circuit.run(() => 1)).toBe(1);
  });

  test("FAILFAST_ENABLED throws when a circuit is created if it is neither true nor false", () => {
    process.env["FAILFAST_ENABLED"] = "maybe";
    try {
      const failfast = createFailfast();
      expect(() => failfast("x", 60)).toThrow(/FAILFAST_ENABLED is "maybe"/);
      expect(() => failfast((host: string) => host, 60)).toThrow(/FAILFAST_ENABLED/);
    } finally {
      delete process.env["FAILFAST_ENABLED"];
    }
  });

  test("with a very long time works for timers, operators and the record", async () => {
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
