import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFailfast } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { at, boom, ending, fleet } from "../rules/fleet.js";
import { alone } from "./alone.js";

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

test("slowCall: trips at the call that makes the share of slow ones, and at no other", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.boolean()), { minLength: 1, maxLength: 25 }),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 10 }),
      async (calls, tenths, minimumCalls) => {
        const { clock, circuit } = alone({
          slowCall: "200ms",
          slowCallRate: tenths / 10,
          minimumCalls,
          window: "1h",
          threshold: 1_000,
        });
        let slow = 0;
        for (const [n, [ms, fails]] of calls.entries()) {
          const call = ending(
            circuit.run(
              () =>
                new Promise<void>((done, reject) => {
                  clock.after(ms, () => (fails ? reject(boom) : done()));
                }),
            ),
          );
          await clock.advance(ms);
          await call;
          if (ms >= 200) slow++;
          const trips = n + 1 >= minimumCalls && slow * 10 >= tenths * (n + 1);
          expect(circuit.state).toBe(trips ? "open" : "closed");
          if (trips) return;
        }
      },
    ),
    { numRuns: 60 },
  ));
