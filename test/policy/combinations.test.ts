import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createFailfast, type FailfastDefaults, type FailfastOptions, type Store } from "../../src/index.js";
import { boom, ending, fleet } from "../rules/fleet.js";

const noSwap: Store = { get: () => null, set: () => undefined, delete: () => undefined };

describe("options that contradict each other are refused where they are given, with the reason", () => {
  test.each<[FailfastOptions, RegExp]>([
    [{ fallbackOn: "failure" }, /fallbackOn says when the fallback answers, but there is no fallback/],
    [{ slowCallRate: 0.5 }, /give slowCall too/],
    [{ minimumCalls: 5 }, /minimumCalls is for rates/],
    [{ callTimeout: 1, returns: "value" }, /needs a promise/],
    [{ callTimeout: 1, slowCall: "2s" }, /never reached under a callTimeout/],
    [{ mode: "throttle", threshold: 2 }, /threshold is about tripping/],
    [{ mode: "throttle", quorum: 2 }, /quorum is about tripping/],
    [{ scope: "process", quorum: 2 }, /quorum 2 needs other hosts/],
    [{ recovery: "all", probes: 2 }, /probes is about probes/],
    [{ recovery: "all", rampUp: 5 }, /rampUp is about probes/],
    [{ recovery: "all", backoff: { factor: 2 } }, /backoff is about probes/],
    [{ backoff: { factor: 2, max: "10s" } }, /shorter than the circuit's own time/],
    [{ retryAfter: { min: "5m", max: "1m" } }, /shorter than retryAfter.min/],
    [{ quorum: 2, store: noSwap }, /no swap/],
    [{ exceptions: [] }, /nothing is ever a failure/],
    [{ window: "5s" }, /nothing is counted here/],
    [{ window: "5s", consecutive: 5 }, /nothing is counted here/],
    [{ mode: "throttle", consecutive: 5 }, /consecutive is about tripping/],
    [{ backoff: { max: "5m" } }, /backoff.max does nothing/],
    [{ mode: "throttle", scope: "confirm" }, /"confirm" is about tripping/],
  ])("%j", (options, why) => {
    const failfast = createFailfast();
    expect(() => failfast("x", 60, options)).toThrow(TypeError);
    expect(() => failfast("x", 60, options)).toThrow(why);
    expect(() => failfast((name: string) => name, 60, options)).toThrow(why);
  });

  test.each<[FailfastDefaults, new (...args: never[]) => Error, RegExp]>([
    [{ threshold: 0 }, RangeError, /threshold is 0/],
    [{ threshold: 1.5 }, RangeError, /threshold is 1.5/],
    [{ failureRate: 0 }, RangeError, /failureRate is 0/],
    [{ failureRate: 50 }, RangeError, /failureRate is 50: it takes a share over 0, up to 1/],
    [{ consecutive: 0 }, RangeError, /consecutive is 0/],
    [{ fallbackOn: "error" as never }, TypeError, /fallbackOn is "error": it takes "open" or "failure"/],
    [{ ignore: "TypeError" as never }, TypeError, /ignore is "TypeError": it takes an error class/],
    [{ ignore: async () => true } as never, TypeError, /ignore is the function ignore/],
    [{ quorum: 33 }, RangeError, /at most 32/],
    [{ scope: "host" as never }, TypeError, /"process" or "confirm" or "fleet"/],
    [{ mode: "off" as never }, TypeError, /mode is "off"/],
    [{ callTimeout: 3_000 }, RangeError, /were milliseconds meant\? Write "3000ms"/],
    [{ slowCall: 500 }, RangeError, /were milliseconds meant/],
    [{ window: "10" as never }, TypeError, /window is "10"/],
    [{ backoff: { factor: 0.5 } }, TypeError, /factor 0.5/],
    [{ backoff: { jitter: 2 } }, TypeError, /jitter 2/],
    [{ backoff: 2 as never }, TypeError, /{ factor, max, jitter, forget }/],
    [{ backoff: [] as never }, TypeError, /{ factor, max, jitter, forget }/],
    [{ backoff: { maximum: 5 } as never }, TypeError, /{ factor, max, jitter, forget }/],
    [{ retryAfter: { most: 5 } as never }, TypeError, /{ from, min, max }/],
    [{ exceptions: async () => false } as never, TypeError, /exceptions is the function exceptions/],
    [{ results: async () => false } as never, TypeError, /results .* answers at once/],
    [{ enabled: async () => false } as never, TypeError, /enabled .* answers at once/],
    [{ retryAfter: { from: 7 as never } }, TypeError, /a function as from/],
    [{ rampUp: 0 }, RangeError, /rampUp is 0/],
  ])("%j", (options, Wrong, why) => {
    const failfast = createFailfast();
    expect(() => failfast("x", 60, options)).toThrow(Wrong);
    expect(() => failfast("x", 60, options)).toThrow(why);
    expect(() => createFailfast({ timeout: 60, ...options })).toThrow(why);
  });

  test("a quorum with a default store that can't swap is refused when the circuit is created", () => {
    expect(() => createFailfast({ store: noSwap })("x", 60, { quorum: 2 })).toThrow(/no swap/);
  });

  test.each<[FailfastDefaults, FailfastOptions]>([
    [{ failureRate: 0.5 }, { minimumCalls: 50 }],
    [{ failureRate: 0.5, minimumCalls: 50 }, { threshold: 2 }],
    [{ slowCall: 1 }, { slowCallRate: 0.2 }],
    [{ slowCall: "2s" }, { callTimeout: 1 }],
    [{ threshold: 3, window: "30s" }, { failureRate: 0.2 }],
    [{ window: "30s" }, {}],
    [{ probes: 2, backoff: { factor: 2 }, rampUp: 5 }, { recovery: "all" }],
    [{ quorum: 2 }, { scope: "process" }],
    [{ threshold: 5, retryAfter: true, quorum: 2 }, { mode: "throttle" }],
    [{ callTimeout: 5 }, { returns: "value" }],
  ])("the defaults %j lose what contradicts a circuit's own %j", (defaults, options) => {
    expect(() => createFailfast(defaults)("x", 60, options)).not.toThrow();
    expect(() => createFailfast(defaults)((name: string) => name, 60, options)).not.toThrow();
  });

  test("defaults that come later lose what contradicts a circuit's own options", () => {
    const failfast = createFailfast();
    failfast("x", 60, { recovery: "all", threshold: 2 });
    expect(() => failfast.configure({ probes: 2, failureRate: 0.5, minimumCalls: 50 })).not.toThrow();
  });

  test.each<[FailfastDefaults, FailfastOptions, RegExp]>([
    [{ mode: "throttle" }, { threshold: 5 }, /threshold is about tripping/],
    [{ recovery: "all" }, { probes: 2 }, /probes is about probes/],
    [{ scope: "process" }, { quorum: 2 }, /quorum 2 needs other hosts/],
    [{ callTimeout: 1 }, { slowCall: "2s" }, /never reached/],
    [{ threshold: 2 }, { minimumCalls: 5 }, /minimumCalls is for rates/],
  ])("the defaults %j are refused because they contradict a circuit's own %j", (defaults, options, why) => {
    expect(() => createFailfast(defaults)("x", 60, options)).toThrow(why);
  });

  test("a second handle may repeat a part of the first one's options", () => {
    const failfast = createFailfast();
    failfast("x", 60, { failureRate: 0.5, minimumCalls: 5, window: "5s", callTimeout: 1 });
    expect(() => failfast("x", 60, { minimumCalls: 5 })).not.toThrow();
    expect(() => failfast("x", 60, { window: 5, returns: "value" })).not.toThrow();
  });

  test("a circuit's way of counting replaces the defaults'", async () => {
    const failfast = createFailfast({ failureRate: 0.5 });
    const circuit = failfast("x", 60, { threshold: 1 });
    await circuit.run(() => Promise.reject(new Error())).catch(() => undefined);
    expect(circuit.state).toBe("open");
  });

  test("two handles may give the same options in different forms, and not different options", () => {
    vi.stubEnv("NODE_ENV", "production");
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const failfast = createFailfast();
    failfast("x", 60, { window: 10, threshold: 2, backoff: { factor: 2, max: "2m" } });
    failfast("x", "1m", { window: "10s", backoff: { factor: 2, max: 120 } });
    expect(() => failfast("x", 60, { window: "11s" })).toThrow(
      /window 10, and is asked for with window "11s"/,
    );
    expect(() => failfast("x", 60, { backoff: { factor: 3, max: 120 } })).toThrow(/backoff/);
  });

  test("callTimeout belongs to the handle", () => {
    const failfast = createFailfast();
    failfast("x", 60, { callTimeout: 1 });
    expect(() => failfast("x", 60, { callTimeout: 2 })).not.toThrow();
  });
});

test("every accepted combination trips, rejects, recovers and closes, for async and sync callers", () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({
        recovery: fc.constantFrom("probe" as const, "all" as const),
        probes: fc.constantFrom(undefined, 3),
        backoff: fc.constantFrom(undefined, { factor: 2, max: "20s" as const, jitter: 0.3 }),
        rampUp: fc.constantFrom(undefined, "10s" as const),
        scope: fc.constantFrom("fleet" as const, "confirm" as const, "process" as const),
        quorum: fc.constantFrom(undefined, 2),
      }),
      fc.constantFrom<FailfastOptions>(
        {},
        { threshold: 2 },
        { failureRate: 0.5, minimumCalls: 3 },
        { slowCall: "1s" },
      ),
      fc.boolean(),
      fc.boolean(),
      async (recovering, counting, swaps, sync) => {
        const { recovery, probes, backoff, rampUp, scope, quorum } = recovering;
        fc.pre(recovery === "probe" || (probes ?? backoff ?? rampUp) === undefined);
        fc.pre(quorum === undefined || (scope !== "process" && swaps));
        const { clock, members } = await fleet(3, {
          timeout: 5,
          options: { ...recovering, ...counting },
          without: swaps ? [] : ["swap"],
        });
        let down = false;
        let reached = 0;
        const backend = (): void => {
          reached++;
          if (down) throw boom;
        };
        const wrapped = members.map(({ circuit }) => circuit(backend));
        const round = async (): Promise<void> => {
          const calls = members.map(({ circuit }, n) =>
            ending(sync ? (async () => wrapped[n]?.())() : circuit.run(backend)),
          );
          await clock.advance(250);
          for (const end of await Promise.all(calls)) expect(end).not.toBe("something else");
        };
        const rounds = async (many: number): Promise<number> => {
          reached = 0;
          for (let n = 0; n < many; n++) await round();
          return reached;
        };
        await rounds(12);
        down = true;
        // Of 480 calls.
        expect(await rounds(160)).toBeLessThan(150);
        down = false;
        for (let n = 0; n < 300 && members.some(({ circuit }) => circuit.state !== "closed"); n++)
          await round();
        await rounds(60);
        expect(await rounds(10)).toBe(30);
      },
    ),
    { numRuns: 40 },
  ));
