// A backend that hangs is detected by a few slow calls in a row, and by one where another process has tripped.
import { createFailfast, type FailfastOptions, memoryStore } from "failfast";
import { manualClock } from "failfast/testing";
import { describe, expect, test } from "vitest";
import { type Alone, alone, type Hanging, quiet, WAYS } from "./hanging.js";

describe("a hang, without slowCallRate", () => {
  const served = async (its: Alone, calls: number): Promise<void> => {
    for (let n = 0; n < calls; n++) {
      await its.hanging(async () => "answer");
      await its.clock.advance(100);
    }
  };

  test("is three slow calls in a row and no success for twice as long", async () => {
    const its = alone({ slowCall: "200ms" });
    await served(its, 100);
    const calls: Hanging[] = [];
    for (let n = 0; n < 4; n++) {
      expect(its.circuit.state).toBe("closed");
      calls.push(...quiet([WAYS["a wrapped function"](its)]));
      await its.clock.advance(100);
    }
    await its.clock.advance(10);
    expect(its.circuit.state).toBe("open");
    expect(its.circuit.snapshot().reason).toBe("slow calls under way");
  });

  test("is not assumed while any call is answered", async () => {
    const its = alone({ slowCall: "200ms" });
    await served(its, 100);
    for (let n = 0; n < 20; n++) {
      quiet([WAYS["a wrapped function"](its)]);
      await served(its, 1);
    }
    expect(its.circuit.state).toBe("closed");
  });

  test("is not assumed before that time is over", async () => {
    const its = alone({ slowCall: "200ms" });
    await served(its, 100);
    const calls = quiet(Array.from({ length: 20 }, () => WAYS["a wrapped function"](its)));
    await its.clock.advance(390);
    for (const call of calls) call.succeed();
    await Promise.all(calls.map(({ done }) => done));
    await its.clock.advance(1_000);
    expect(its.circuit.state).toBe("closed");
  });

  test("needs minimumCalls, as every rate does", async () => {
    const its = alone({ slowCall: "200ms", minimumCalls: 5 });
    quiet(Array.from({ length: 4 }, () => WAYS["a wrapped function"](its)));
    await its.clock.advance(5_000);
    expect(its.circuit.state).toBe("closed");
  });

  test("is not looked for with slowCallRate", async () => {
    const its = alone({ slowCall: "200ms", slowCallRate: 0.5 });
    await served(its, 100);
    quiet(Array.from({ length: 4 }, () => WAYS["a wrapped function"](its)));
    await its.clock.advance(1_000);
    expect(its.circuit.state).toBe("closed");
  });
});

/** Two processes. One has tripped, and a call of the other hangs. */
async function confirming(options: FailfastOptions) {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const [one, other] = ["a", "b"].map((host) =>
    createFailfast({ clock, store, host })("backend", 30, { threshold: 1, scope: "confirm", ...options }),
  );
  if (one === undefined || other === undefined) throw new Error("there are two");
  await one.run(async () => "answer");
  await other.run(async () => "answer");
  await clock.advance(100);
  await expect(one.run(async () => Promise.reject(new Error("down")))).rejects.toThrow("down");
  await clock.advance(100);
  expect(one.state).toBe("open");
  const call = other.run(() => new Promise(() => undefined));
  call.catch(() => undefined);
  expect(other.state).toBe("closed");
  await clock.advance(200);
  return { clock, other };
}

test("a slow call under way confirms a remote trip", async () => {
  const { other } = await confirming({ slowCall: "200ms", minimumCalls: 4 });
  expect(other.state).toBe("open");
});

test("with slowCallRate slow calls under way count as those that have ended", async () => {
  const { clock, other } = await confirming({ slowCall: "200ms", slowCallRate: 0.5, minimumCalls: 4 });
  expect(other.state).toBe("closed");
  for (let n = 0; n < 2; n++) other.run(() => new Promise(() => undefined)).catch(() => undefined);
  await clock.advance(200);
  expect(other.state).toBe("open");
});
