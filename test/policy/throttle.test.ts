import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boom, ending } from "../rules/fleet.js";
import { alone } from "./alone.js";

describe("mode: throttle", () => {
  test("holds back the share max(0, (requests - 2 accepts) / (requests + 1)), and never opens", async () => {
    const { circuit, fail, succeed } = alone({ mode: "throttle" });
    for (let n = 0; n < 50; n++) expect(await succeed()).toBe("ok");
    let made = 0;
    for (let n = 0; n < 2_000; n++) if ((await fail()) === "failed") made++;
    // With 50 accepts and r requests in all, about 2·50·ln(r/100) + 50 get through.
    expect(made).toBeGreaterThan(200);
    expect(made).toBeLessThan(600);
    expect(circuit.state).toBe("closed");
  });

  test("admits more calls as soon as the backend accepts them", async () => {
    const { clock, fail, succeed } = alone({ mode: "throttle", window: "10s" });
    for (let n = 0; n < 500; n++) await fail();
    await clock.advance(10_000);
    let refused = 0;
    for (let n = 0; n < 200; n++) if ((await succeed()) !== "ok") refused++;
    expect(refused).toBe(0);
  });

  test.each([
    [1, "2m"],
    [20, "2m"],
    [100, "2m"],
    [20, "20s"],
  ] as const)(
    "after an outage of all calls, %d calls a second get through within a window of %s",
    async (rate, window) => {
      const { clock, fail, succeed } = alone({ mode: "throttle", window });
      const windowMs = window === "2m" ? 120_000 : 20_000;
      const during = async (ms: number, call: () => Promise<string>): Promise<number> => {
        let held = 0;
        for (let n = 0; n < (ms * rate) / 1_000; n++) {
          if ((await call()) === "rejected") held++;
          await clock.advance(1_000 / rate);
        }
        return held / ((ms * rate) / 1_000);
      };
      expect(await during(1.5 * windowMs, fail)).toBeGreaterThan(0.7);
      await during(windowMs, succeed);
      expect(await during(windowMs / 4, succeed)).toBeLessThan(0.05);
    },
  );

  test("a backend that refuses everything is asked at least every 24th of the window, and not much more", async () => {
    const { clock, fail } = alone({ mode: "throttle", window: "2m" });
    for (let n = 0; n < 500; n++) await fail();
    let made = 0;
    for (let n = 0; n < 6_000; n++) {
      if ((await fail()) === "failed") made++;
      await clock.advance(50);
    }
    expect(made).toBeGreaterThan(55);
    expect(made).toBeLessThan(80);
  });

  test.each([
    ["a block", "run"],
    ["an async function", "async"],
    ["a sync function", "sync"],
  ])("recovers although its calls make calls of their own: %s", async (_, kind) => {
    const { clock, circuit, fail } = alone({ mode: "throttle", window: "10s" });
    const inner = circuit(kind === "sync" ? () => 1 : async () => 1);
    const calls: Record<string, () => unknown> = {
      run: () => circuit.run(async () => circuit.run(async () => inner())),
      async: circuit(async () => inner()),
      sync: circuit(() => inner()),
    };
    for (let n = 0; n < 500; n++) await fail();
    const outcomes: string[] = [];
    for (let n = 0; n < 600; n++) {
      const call = async (): Promise<unknown> => calls[kind]?.();
      outcomes.push(
        await call().then(
          () => "ok",
          () => "rejected",
        ),
      );
      await clock.advance(100);
    }
    expect(outcomes.slice(-100)).toEqual(Array(100).fill("ok"));
  });

  test.each([
    ["items", 1],
    ["items, each with a call within a call", 2],
  ])("a batch of %s lets hardly any call through to a backend that stays down", async (_, depth) => {
    const { clock, circuit } = alone({ mode: "throttle", window: "10s" });
    let made = 0;
    const down = async (): Promise<never> => {
      made++;
      throw boom;
    };
    const item = (): Promise<unknown> => circuit.run(depth === 1 ? down : () => circuit.run(down));
    const batch = async (): Promise<void> => {
      for (let n = 0; n < 100; n++) await ending(item());
    };
    // It has been seen that calls are made within calls.
    for (let n = 0; n < 300; n++) await ending(circuit.run(() => circuit.run(down)));
    made = 0;
    for (let n = 0; n < 60; n++) {
      await ending(circuit.run(batch));
      await clock.advance(1_000);
    }
    expect(made).toBeGreaterThan(5);
    // Of 6 000. Each batch ends well and counts as accepted: by the formula two more calls pass for it, besides the first.
    expect(made).toBeLessThan(240);
  });

  test("a call belongs to no call that has ended at its deadline", async () => {
    const { clock, circuit, succeed } = alone({ mode: "throttle", window: "10s", callTimeout: "20ms" });
    for (let n = 0; n < 300; n++) await ending(circuit.run(() => circuit.run(() => Promise.reject(boom))));
    await clock.advance(5_000);
    let wake = (): void => undefined;
    let late = 0;
    const outer = ending(
      circuit.run(async () => {
        await new Promise<void>((resolve) => (wake = resolve));
        for (let n = 0; n < 100; n++) if ((await succeed()) === "ok") late++;
      }),
    );
    await clock.advance(20);
    await clock.advance(0);
    expect(await outer).not.toBe("rejected");
    wake();
    for (let n = 0; n < 2_000; n++) await Promise.resolve();
    expect(late).toBeLessThan(10);
  });

  test.each([1, 2])(
    "a short window, and %d calls a second: most calls to a backend that is down are held back",
    async (rate) => {
      const { clock, fail } = alone({ mode: "throttle", window: "10s" });
      let held = 0;
      for (let n = 0; n < 300; n++) {
        if ((await fail()) === "rejected") held++;
        await clock.advance(1_000 / rate);
      }
      expect(held / 300).toBeGreaterThan(0.6);
    },
  );

  test("is still opened by an operator", async () => {
    const { circuit, succeed } = alone({ mode: "throttle" });
    await circuit.trip();
    expect(await succeed()).toBe("rejected");
    await circuit.reset();
    expect(await succeed()).toBe("ok");
  });
});

test("mode: throttle holds back by the formula, call by call", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.boolean(), fc.double({ min: 0, max: 0.999, noNaN: true })), { maxLength: 80 }),
      async (calls) => {
        const { drawn, fail, succeed, circuit } = alone({ mode: "throttle", window: "1h" });
        let requests = 0;
        let accepts = 0;
        for (const [fails, chance] of calls) {
          drawn.next = chance;
          const held = chance < Math.max(0, (requests - 2 * accepts) / (requests + 1));
          const end = await (fails ? fail() : succeed());
          expect(end).toBe(held ? "rejected" : fails ? "failed" : "ok");
          // In this model calls end at once: they count as requests and as accepts at the same moment.
          requests++;
          if (end === "ok") accepts++;
        }
        expect(circuit.state).toBe("closed");
      },
    ),
    { numRuns: 60 },
  ));
