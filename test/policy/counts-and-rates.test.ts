import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFailfast, type FailfastOptions, TimeoutError } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { at, boom, ending, fleet } from "../rules/fleet.js";

function alone(options: FailfastOptions) {
  const clock = manualClock();
  const failfast = createFailfast({ clock });
  const circuit = failfast("x", 60, options);
  return {
    clock,
    failfast,
    circuit,
    fail: () => ending(circuit.run(() => Promise.reject(boom))),
    succeed: () => ending(circuit.run(() => "ok")),
    async slow(ms: number) {
      let end = (): void => undefined;
      const call = ending(circuit.run(() => new Promise<void>((done) => (end = done))));
      await clock.advance(ms);
      end();
      return call;
    },
  };
}

describe("threshold and window", () => {
  test("trip at that many failures within the window, and not at one fewer", async () => {
    const { clock, circuit, fail } = alone({ threshold: 3, window: "10s" });
    await fail();
    await clock.advance(5_000);
    await fail();
    expect(circuit.state).toBe("closed");
    await clock.advance(5_000);
    await fail();
    expect(circuit.state).toBe("open");
  });

  test("ignore successes in between", async () => {
    const { circuit, fail, succeed } = alone({ threshold: 2 });
    await fail();
    for (let n = 0; n < 100; n++) await succeed();
    await fail();
    expect(circuit.state).toBe("open");
  });

  test("trip exactly when that many failures fall into one window, whatever came before", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.integer({ min: 0, max: 12_000 }), { maxLength: 30 }),
        async (threshold, gaps) => {
          const { clock, circuit, fail } = alone({ threshold, window: "10s" });
          const moments: number[] = [];
          for (const gap of gaps) {
            await clock.advance(gap);
            if (circuit.state !== "closed") break;
            moments.push(clock.now());
            await fail();
            const within = moments.filter((moment) => clock.now() - moment <= 10_000).length;
            expect(circuit.state).toBe(within >= threshold ? "open" : "closed");
          }
        },
      ),
      { numRuns: 60 },
    ));

  test("start again when the circuit closes", async () => {
    const { circuit, fail } = alone({ threshold: 2 });
    await fail();
    await circuit.reset();
    await fail();
    expect(circuit.state).toBe("closed");
  });

  test("do not count rejections", async () => {
    const { circuit, fail } = alone({ threshold: 2 });
    await circuit.hold("open");
    for (let n = 0; n < 5; n++) expect(await fail()).toBe("rejected");
    await circuit.release();
    await fail();
    expect(circuit.state).toBe("closed");
  });
});

describe("failureRate and minimumCalls", () => {
  test("trip at the share of failed calls, from the minimum number of calls on", async () => {
    const { circuit, fail, succeed } = alone({ failureRate: 0.5, minimumCalls: 4 });
    await fail();
    await fail();
    await succeed();
    expect(circuit.state).toBe("closed");
    await succeed();
    expect(circuit.state).toBe("open");
  });

  test("never trip below the share", async () => {
    const { clock, circuit, fail, succeed } = alone({ failureRate: 0.3, minimumCalls: 10, window: "1s" });
    for (let round = 0; round < 50; round++) {
      for (let n = 0; n < 8; n++) await succeed();
      for (let n = 0; n < 2; n++) await fail();
      await clock.advance(97);
    }
    expect(circuit.state).toBe("closed");
  });

  test("have no call older than the window, and every call of its last nine tenths", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 2_500 }), fc.boolean()), { minLength: 1, maxLength: 60 }),
        async (calls) => {
          const { clock, circuit, fail, succeed } = alone({
            failureRate: 0.5,
            minimumCalls: 5,
            window: "2s",
          });
          const made: { at: number; failed: boolean }[] = [];
          for (const [gap, failed] of calls) {
            await clock.advance(gap);
            made.push({ at: clock.now(), failed });
            await (failed ? fail() : succeed());
            const over = (ms: number): boolean => {
              const lately = made.filter((call) => clock.now() - call.at <= ms);
              return lately.length >= 5 && lately.filter((call) => call.failed).length >= 0.5 * lately.length;
            };
            if (circuit.state === "open") {
              const spans = Array.from({ length: 201 }, (_, n) => 1_800 + n);
              expect(spans.some(over)).toBe(true);
              return;
            }
            expect(Array.from({ length: 201 }, (_, n) => 1_800 + n).every(over)).toBe(false);
          }
        },
      ),
      { numRuns: 60 },
    ));

  test("have no call older than the window in a process that never yields, whose coarse clock stands still", () => {
    const clock = manualClock();
    let now = 0;
    const failfast = createFailfast({ clock: { ...clock, now: () => now, coarse: () => 0 } });
    const circuit = failfast("x", 60, { failureRate: 0.1, minimumCalls: 3, window: "10s" });
    const call = circuit((fails: boolean) => {
      if (fails) throw boom;
    });
    for (let n = 0; n < 5; n++) {
      now += 10_001;
      expect(() => call(true)).toThrow(boom);
      call(false);
    }
    expect(circuit.state).toBe("closed");
  });

  test("have no call from before an idle time longer than the window", async () => {
    const { clock, circuit, fail } = alone({ failureRate: 0.1, minimumCalls: 3, window: "10s" });
    await fail();
    await fail();
    await clock.advance(10_001);
    await fail();
    await fail();
    expect(circuit.state).toBe("closed");
    await fail();
    expect(circuit.state).toBe("open");
  });
});

describe("slowCall and slowCallRate", () => {
  test("trip at the share of slow calls, even if every call succeeds", async () => {
    const { circuit, slow, succeed } = alone({
      slowCall: "1s",
      slowCallRate: 0.5,
      minimumCalls: 4,
      window: "60s",
    });
    await slow(1_000);
    await slow(999);
    await succeed();
    expect(circuit.state).toBe("closed");
    expect(await slow(1_500)).toBe("ok");
    expect(circuit.state).toBe("open");
    expect(circuit.snapshot().reason).toBe("slow calls");
  });

  test("count a slow failure as both", async () => {
    const { circuit, clock } = alone({ slowCall: "1s", slowCallRate: 1, failureRate: 1, minimumCalls: 1 });
    let fail: (error: Error) => void = () => undefined;
    const call = ending(circuit.run(() => new Promise((_, reject) => (fail = reject))));
    await clock.advance(2_000);
    fail(boom);
    await call;
    expect(circuit.state).toBe("open");
  });

  test("do not count a call as slow if this process was blocked", async () => {
    const { circuit, clock } = alone({ slowCall: "1s", slowCallRate: 0.1, minimumCalls: 1 });
    let end = (): void => undefined;
    const call = circuit.run(() => new Promise<void>((done) => (end = done)));
    clock.stall(3_000);
    end();
    await call;
    expect(circuit.state).toBe("closed");
  });
});

test("only failures touch the store, in the background; successes and failures below the threshold never do", async () => {
  const { clock, store, members } = await fleet(2, { options: { threshold: 5 } });
  const { fail, succeed } = at(members, 0);
  const before = store.written.length;
  for (let n = 0; n < 200; n++) await succeed();
  for (let n = 0; n < 4; n++) await fail();
  await clock.advance(1_000);
  expect(store.written.length).toBe(before);
  await fail();
  await clock.advance(1_000);
  expect(store.written.length).toBe(before + 1);
  expect(at(members, 1).circuit.state).toBe("open");
});

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

  test("is still opened by an operator", async () => {
    const { circuit, succeed } = alone({ mode: "throttle" });
    await circuit.trip();
    expect(await succeed()).toBe("rejected");
    await circuit.reset();
    expect(await succeed()).toBe("ok");
  });
});

describe("mode: shadow", () => {
  test("decides and reports, and rejects nothing", async () => {
    const { circuit, fail, succeed, failfast } = alone({ mode: "shadow" });
    const seen: string[] = [];
    for (const event of ["open", "reject"] as const) failfast.on(event, ({ type }) => seen.push(type));
    expect(await fail()).toBe("failed");
    expect(circuit.state).toBe("open");
    expect(await succeed()).toBe("ok");
    expect(await fail()).toBe("failed");
    expect(seen).toEqual(["open", "reject", "reject"]);
    expect(circuit(() => 7)()).toBe(7);
  });

  test("passes callTimeout and the caller's signal to the block while open", async () => {
    const { clock, circuit, fail } = alone({ mode: "shadow", callTimeout: "2s" });
    await fail();
    const caller = new AbortController();
    const blocks: AbortSignal[] = [];
    const hang = (options?: { signal: never }) =>
      circuit
        .run((given) => {
          blocks.push(given as AbortSignal);
          return new Promise(() => undefined);
        }, options)
        .catch((error: unknown) => error);
    const calls = [hang(), hang({ signal: caller.signal as never })];
    caller.abort(new Error("enough"));
    await clock.advance(2_100);
    const [late, given] = await Promise.all(calls);
    expect(late).toBeInstanceOf(TimeoutError);
    expect(given).toBe(caller.signal.reason);
    expect(blocks.map(({ reason }) => reason)).toEqual([late, given]);
  });

  test("closes by a probe, as if it had rejected the other calls", async () => {
    const { clock, circuit, fail, succeed } = alone({ mode: "shadow" });
    await fail();
    await clock.advance(60_000);
    expect(await succeed()).toBe("ok");
    expect(circuit.state).toBe("closed");
  });
});

describe("lint()", () => {
  test("reports a rate that can't trip at the observed traffic", async () => {
    const { clock, failfast, succeed } = alone({ failureRate: 0.5, minimumCalls: 100, window: "10s" });
    for (let n = 0; n < 40; n++) {
      await succeed();
      await clock.advance(1_000);
    }
    expect(failfast.lint()).toMatchObject([{ circuit: "x", finding: "never-trips" }]);
  });

  test("reports a circuit that trips on ordinary errors", async () => {
    const { clock, failfast, fail, succeed } = alone({});
    for (let n = 0; n < 6; n++) {
      await fail();
      await clock.advance(60_000);
      await succeed();
    }
    expect(failfast.lint()).toMatchObject([{ circuit: "x", finding: "trips-needlessly" }]);
  });

  test("reports a slowCall that is as long as ordinary calls take", async () => {
    const { clock, failfast, slow, succeed } = alone({ slowCall: "200ms" });
    for (let n = 0; n < 300; n++) {
      if (n % 20 === 0) await slow(250);
      await succeed();
      await clock.advance(200);
    }
    const [finding, ...others] = failfast.lint();
    expect(finding).toMatchObject({ circuit: "x", finding: "trips-needlessly" });
    expect(finding?.message).toMatch(/slowCall/);
    expect(others).toEqual([]);
  });

  test.each([[{}], [{ quorum: 3 }]])(
    "reports a circuit with slowCall that one failure trips, after one trip (%o)",
    async (options) => {
      const { clock, failfast, fail, succeed } = alone({ slowCall: "200ms", ...options });
      for (let n = 0; n < 300; n++) {
        await succeed();
        await clock.advance(100);
      }
      expect(failfast.lint()).toEqual([]);
      await fail();
      await clock.advance(60_000);
      await succeed();
      const [finding, ...others] = failfast.lint();
      expect(finding).toMatchObject({ circuit: "x", finding: "trips-needlessly" });
      expect(finding?.message).toMatch(/1 of its 301 calls.*consecutive: 5/);
      expect(others).toEqual([]);
    },
  );

  test.each([
    ["consecutive: 5", { consecutive: 5 }, true],
    ["a threshold", { threshold: 3 }, true],
    ["a backend that is still down when the first probe asks", {}, false],
  ])("does not report that with %s", async (_, options, well) => {
    const { clock, failfast, fail, succeed } = alone({ slowCall: "200ms", ...options });
    for (let n = 0; n < 300; n++) {
      await succeed();
      await clock.advance(100);
    }
    await fail();
    await clock.advance(60_000);
    await (well ? succeed() : fail());
    await clock.advance(60_000);
    await succeed();
    expect(failfast.lint()).toEqual([]);
  });

  test("reports nothing for settings that work", async () => {
    const { failfast, succeed, fail } = alone({ failureRate: 0.5, minimumCalls: 10 });
    for (let n = 0; n < 20; n++) await succeed();
    await fail();
    expect(failfast.lint()).toEqual([]);
  });
});
