import { describe, expect, test } from "vitest";
import { createFailfast, FailfastError, isFailfastError, TimeoutError } from "../index.js";
import { manualClock } from "../testing/index.js";
import { boom, fail, rejection } from "./failfast.fixture.js";

describe("a guarded function", () => {
  test("keeps this, arguments, name, length and the returned value", async () => {
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

  test("throws the original error object, and opens the circuit", async () => {
    const circuit = createFailfast()("x", 60);
    const guarded = circuit(fail);
    expect(await rejection(guarded)).toBe(boom);
    expect(circuit.state).toBe("open");
    const error = await rejection(guarded);
    expect(error).toBeInstanceOf(FailfastError);
    expect((error as FailfastError).cause).toBe(boom);
  });

  test("that is sync stays sync, and throws while open", () => {
    const circuit = createFailfast()("x", 60);
    const guarded = circuit((n: number) => {
      if (n < 0) throw boom;
      return n;
    });
    expect(guarded(1)).toBe(1);
    expect(() => guarded(-1)).toThrow(boom);
    expect(() => guarded(1)).toThrow(FailfastError);
  });

  test("whose kind is not visible is rejected as its last call answered, or as `returns` says", async () => {
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

  test("that returns a thenable is called once and counted", async () => {
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

  test("can't be a generator function, a class or anything but a function", () => {
    const circuit = createFailfast()("x", 60) as unknown as (fn: unknown) => unknown;
    expect(() => circuit(function* items() {})).toThrow(/"items" is a generator function/);
    expect(() => circuit(async function* items() {})).toThrow(TypeError);
    expect(() => circuit(class Api {})).toThrow(/guard its methods/);
    for (const value of [undefined, null, 1, {}]) expect(() => circuit(value)).toThrow(TypeError);
  });
});

describe("the outcome of a call", () => {
  test("is a failure for an error of a listed class, and not for others", async () => {
    const circuit = createFailfast()("x", 60, { exceptions: [RangeError] });
    await rejection(() => circuit.run(() => Promise.reject(new TypeError("unlisted"))));
    expect(circuit.state).toBe("closed");
    await rejection(() => circuit.run(() => Promise.reject(new RangeError("listed"))));
    expect(circuit.state).toBe("open");
  });

  test("is a failure for the platform's own TimeoutError if TimeoutError is listed", async () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60, { exceptions: [TimeoutError] });
    await rejection(() => circuit.run(() => Promise.reject(new DOMException("late", "TimeoutError"))));
    expect(circuit.state).toBe("open");
  });

  test("is a failure for a returned value if `results` says so, sync and async", async () => {
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

  test("is neither failure nor success if the caller aborted it", async () => {
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

  test("is not a failure if an inner circuit rejected it", async () => {
    const failfast = createFailfast();
    const inner = failfast("inner", 60);
    await inner.trip();
    const outer = failfast("outer", 60);
    expect(isFailfastError(await rejection(() => outer.run(() => inner.run(() => 1))))).toBe(true);
    expect(outer.state).toBe("closed");
  });

  test("is not replaced by an error of the predicate", async () => {
    const circuit = createFailfast()("x", 60, {
      exceptions: () => {
        throw new Error("of the predicate");
      },
    });
    expect(await rejection(() => circuit.run(fail))).toBe(boom);
  });
});
