import { describe, expect, test } from "vitest";
import { createFailfast, type FailfastEventName, isFailfastError } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { boom, ending } from "./fleet.js";

const fault = new Error("a user's own function throws");
const throwing = (): never => {
  throw fault;
};
const made = () => {
  const clock = manualClock();
  return { clock, failfast: createFailfast({ clock }) };
};

describe("a function of the user", () => {
  test("an `enabled` that throws leaves the circuit on", async () => {
    const circuit = made().failfast("x", 60, { enabled: throwing });
    expect(await ending(circuit.run(() => Promise.reject(boom)))).toBe("failed");
    expect(await ending(circuit(async () => 1)())).toBe("rejected");
  });

  test("a `fallback` that throws decides the outcome, as a rejected promise if the function returns promises", async () => {
    const circuit = made().failfast("x", 60, { fallback: throwing });
    await circuit.trip();
    await expect(circuit(async () => 1)()).rejects.toBe(fault);
    await expect(circuit.run(() => 1)).rejects.toBe(fault);
    expect(circuit.state).toBe("open");
  });

  test("a function that names the circuit and throws decides the outcome", async () => {
    const circuits = made().failfast(throwing, 60);
    await expect(circuits(async () => 1)()).rejects.toBe(fault);
    expect(() => circuits(() => 1)()).toThrow(fault);
    await expect(made().failfast((() => 7) as never, 60)(async () => 1)()).rejects.toThrow(
      /names the circuit returned 7/,
    );
  });

  test("a listener or fallback that calls the same circuit gets rejections, and the recursion ends", async () => {
    const { failfast } = made();
    const inner: string[] = [];
    const circuit = failfast("x", 60, {
      fallback: (error) => {
        inner.push(error.code);
        return "instead";
      },
    });
    const names: FailfastEventName[] = ["open", "close", "half-open", "failure", "reject"];
    let depth = 0;
    for (const name of names)
      circuit.on(name, () => {
        if (depth++ < 20) void ending(circuit.run(() => "called by a listener"));
      });
    expect(await ending(circuit.run(() => Promise.reject(boom)))).toBe("failed");
    expect(await circuit.run(() => 1)).toBe("instead");
    expect(circuit.state).toBe("open");
    expect(inner.length).toBeGreaterThan(1);
  });

  test("a listener that opens the circuit when a call reports that it closed keeps it open", async () => {
    const { clock, failfast } = made();
    const circuit = failfast("x", 10, { recovery: "all" });
    const call = circuit((fails: boolean) => (fails ? throwing() : 1));
    expect(() => call(true)).toThrow(fault);
    await clock.advance(11_000);
    circuit.on("close", () => expect(() => call(true)).toThrow(fault));
    expect(() => call(false)).toThrow("open");
    expect(circuit.state).toBe("open");
    expect(() => call(false)).toThrow("open");
  });

  test("a listener that trips the circuit before a probe gets the probe rejected", async () => {
    const { clock, failfast } = made();
    const circuit = failfast("x", 10);
    await ending(circuit.run(() => Promise.reject(boom)));
    circuit.on("half-open", () => void circuit.trip({ for: "1h" }));
    await clock.advance(11_000);
    expect(await ending(circuit.run(() => 1))).toBe("rejected");
    expect([circuit.state, circuit.retryAfter]).toEqual(["open", 3_600]);
  });

  test("a listener that resets or trips the circuit during its own transition is obeyed", async () => {
    const { failfast } = made();
    const circuit = failfast("x", 60);
    const opening = circuit.on("open", () => void circuit.reset());
    expect(await ending(circuit.run(() => Promise.reject(boom)))).toBe("failed");
    expect(circuit.state).toBe("closed");
    expect(await ending(circuit.run(() => 1))).toBe("ok");
    opening.dispose();
    using closing = circuit.on("close", () => void circuit.trip());
    expect(closing).toBeDefined();
    await circuit.trip();
    await circuit.reset();
    expect(circuit.state).toBe("open");
  });

  test("a call that calls its own circuit counts in the epoch in which it began", async () => {
    const { clock, failfast } = made();
    const circuit = failfast("x", 5);
    const guarded = circuit((does: "fail" | "succeed" | "outlive"): void => {
      if (does === "outlive") {
        expect(() => guarded("fail")).toThrow(boom);
        clock.stall(6_000);
        guarded("succeed");
        guarded("succeed");
      }
      if (does !== "succeed") throw boom;
    });
    guarded("succeed");
    expect(() => guarded("outlive")).toThrow(boom);
    expect(circuit.state).toBe("closed");
  });

  test("a clock that always returns the same random number harms no call", async () => {
    const circuit = createFailfast({ clock: { ...manualClock(), random: () => 0 } })("x", 60);
    expect(await ending(circuit.run(() => Promise.reject(boom)))).toBe("failed");
    expect(await ending(circuit.run(() => 1))).toBe("rejected");
  });

  test("a host's name may be of any length", async () => {
    const clock = manualClock();
    const circuit = createFailfast({ clock, host: "h".repeat(1_000) })("x", 5, { quorum: 1 });
    expect(await ending(circuit.run(() => Promise.reject(boom)))).toBe("failed");
    await clock.advance(5_000);
    expect(await ending(circuit.run(() => 1))).toBe("ok");
    expect(circuit.state).toBe("closed");
  });

  test("a predicate that calls its own circuit is not called without end", async () => {
    const { failfast } = made();
    const seen: unknown[] = [];
    const circuit = failfast("x", 60, {
      exceptions: () => {
        seen.push(circuit.state);
        if (seen.length < 5) void circuit.run(() => Promise.reject(boom)).catch(() => undefined);
        return true;
      },
    });
    expect(await ending(circuit.run(() => Promise.reject(boom)))).toBe("failed");
    await Promise.resolve();
    expect(circuit.state).toBe("open");
    await expect(circuit.run(() => 1)).rejects.toSatisfy(isFailfastError);
  });
});
