import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Circuit,
  createFailfast,
  type FailfastOptions,
  firstAvailable,
  isFailfastError,
  TimeoutError,
} from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { at, boom, during, ending, fleet } from "../rules/fleet.js";

const RUNS = { numRuns: 60 };

/** A circuit in one process, with the test's random numbers. */
function alone(options: FailfastOptions, timeout = 60) {
  const clock = manualClock();
  const drawn = { next: 0.5 };
  const failfast = createFailfast({ clock: { ...clock, random: () => drawn.next } });
  const circuit = failfast("x", timeout, options);
  return {
    clock,
    circuit,
    drawn,
    fail: () => ending(circuit.run(() => Promise.reject(boom))),
    succeed: () => ending(circuit.run(() => "ok")),
  };
}

describe("each behaviour agrees with a model of it", () => {
  test("callTimeout and a caller's signal: the first of answer, deadline and abort is the outcome", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            answers: fc.integer({ min: 1, max: 400 }),
            fails: fc.boolean(),
            aborts: fc.option(fc.integer({ min: 1, max: 400 })),
          }),
          { minLength: 1, maxLength: 12 },
        ),
        async (calls) => {
          const { clock, circuit } = alone({ callTimeout: "200ms", threshold: 100 });
          let failures = 0;
          await circuit.run(() => 1);
          const timers = clock.pending;
          const ends = calls.map(async ({ answers, fails, aborts }) => {
            const caller = new AbortController();
            let block: AbortSignal | undefined;
            // Even milliseconds for answers, odd ones for aborts, so that no two coincide.
            const moments = {
              answer: answers * 2,
              abort: aborts === null ? Infinity : aborts * 2 + 1,
              end: 201,
            };
            if (aborts !== null) clock.after(moments.abort, () => caller.abort(new Error("enough")));
            const call = circuit.run(
              (signal) => {
                block = signal as AbortSignal;
                return new Promise((done, reject) => {
                  clock.after(moments.answer, () => (fails ? reject(boom) : done("ok")));
                });
              },
              { signal: caller.signal as never },
            );
            const end = await call.catch((error: unknown) => error);
            const first = Math.min(moments.answer, moments.abort, moments.end);
            if (first === moments.end) {
              failures++;
              expect(end).toBeInstanceOf(TimeoutError);
              expect(block?.reason).toBe(end);
            } else if (first === moments.abort) {
              expect(end).toBe(caller.signal.reason);
              expect(block?.reason).toBe(end);
            } else {
              if (fails) failures++;
              expect(end).toBe(fails ? boom : "ok");
              expect(block?.aborted).toBe(false);
            }
          });
          let counted = 0;
          circuit.on("failure", () => counted++);
          await clock.advance(1_000);
          await Promise.all(ends);
          expect(counted).toBe(failures);
          expect(clock.pending).toBe(timers);
        },
      ),
      RUNS,
    ));

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
      RUNS,
    ));

  test("Retry-After: the open time is what was asked for, within the limits, for the whole fleet", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 5_000 }),
        fc.option(fc.integer({ min: 1, max: 1_000 })),
        fc.option(fc.integer({ min: 1_000, max: 3_000 })),
        async (asked, min, max) => {
          const retryAfter = { min: min ?? undefined, max: max ?? undefined };
          const { clock, members } = await fleet(2, { timeout: 100, options: { retryAfter } });
          const busy = Object.assign(new Error("busy"), { headers: { "retry-after": String(asked) } });
          await at(members, 0)
            .circuit.run(() => Promise.reject(busy))
            .catch(() => undefined);
          await clock.advance(10);
          const expected = Math.min(Math.max(asked, min ?? 1), max ?? 1_000);
          for (const { circuit } of members)
            expect(Math.abs(circuit.retryAfter - expected)).toBeLessThan(0.05);
        },
      ),
      RUNS,
    ));

  test("backoff and probes: a number of successful probes in a row closes the circuit, each failed one lengthens the open time", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 2 })), { minLength: 1, maxLength: 12 }),
        async (probes, factor, steps) => {
          const backoff = factor === 1 ? { factor } : { factor, max: "200s" as const };
          const { clock, members } = await fleet(3, { timeout: 10, options: { probes, backoff } });
          await during(clock, 50, at(members, 0).fail);
          let reopens = 0;
          let passed = 0;
          for (const [succeeds, who] of steps) {
            const wait = Math.max(...members.map(({ circuit }) => circuit.retryAfter));
            const broke = passed > 0 ? 0 : factor === 1 ? 10 : Math.min(10 * factor ** reopens, 200);
            expect(Math.abs(wait - broke)).toBeLessThan(0.2);
            await clock.advance(wait * 1_000 + 20);
            const member = at(members, who);
            expect(await during(clock, 60, succeeds ? member.succeed : member.fail)).toBe(
              succeeds ? "ok" : "failed",
            );
            passed = succeeds ? passed + 1 : 0;
            if (!succeeds) reopens++;
            const state = !succeeds ? "open" : passed === probes ? "closed" : "half-open";
            expect(members.map(({ circuit }) => circuit.state)).toEqual([state, state, state]);
            if (state === "closed") return;
          }
        },
      ),
      RUNS,
    ));

  test("rampUp: the share follows from the time since closing", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.integer({ min: 0, max: 9_000 }), fc.double({ min: 0, max: 0.999, noNaN: true })),
          {
            minLength: 1,
            maxLength: 20,
          },
        ),
        async (steps) => {
          const { clock, circuit, drawn, fail, succeed } = alone({ rampUp: "30s" }, 5);
          await fail();
          await clock.advance(5_000);
          await succeed();
          const closed = clock.now();
          for (const [ms, chance] of steps) {
            await clock.advance(ms);
            drawn.next = chance;
            const share = Math.min(0.1 + (0.9 * (clock.now() - closed)) / 30_000, 1);
            expect(await succeed()).toBe(chance < share ? "ok" : "rejected");
            expect(circuit.state).toBe("closed");
          }
        },
      ),
      RUNS,
    ));

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
      RUNS,
    ));

  test("mode: shadow has the states of a circuit that enforces, and rejects nothing", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom<FailfastOptions>(
          {},
          { threshold: 3 },
          { failureRate: 0.5, minimumCalls: 3 },
          { probes: 2, backoff: { factor: 2 } },
          { recovery: "all" },
        ),
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 8_000 })), { maxLength: 40 }),
        async (options, calls) => {
          const twins = [alone(options, 10), alone({ ...options, mode: "shadow" }, 10)] as const;
          for (const [fails, ms] of calls) {
            for (const { clock, fail, succeed } of twins) {
              await clock.advance(ms);
              const end = await (fails ? fail() : succeed());
              if (clock === twins[1].clock) expect(end).toBe(fails ? "failed" : "ok");
            }
            expect(twins[1].circuit.state).toBe(twins[0].circuit.state);
          }
        },
      ),
      RUNS,
    ));

  test("scope: process and confirm, beside a model of each process", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom("process" as const, "confirm" as const),
        fc.array(fc.tuple(fc.nat({ max: 2 }), fc.boolean()), { maxLength: 20 }),
        async (scope, steps) => {
          const threshold = 3;
          const { clock, members } = await fleet(3, {
            options: { scope, threshold, window: "1h" },
            timeout: 3_600,
          });
          const failures = [0, 0, 0];
          const open = [false, false, false];
          for (const [who, fails] of steps) {
            const member = at(members, who);
            const end = await during(clock, 20, fails ? member.fail : member.succeed);
            expect(end).toBe(open[who] ? "rejected" : fails ? "failed" : "ok");
            if (end === "failed") {
              const told = scope === "confirm" && open.includes(true);
              const own = (failures[who] ?? 0) + 1;
              failures[who] = own;
              open[who] = told || own >= threshold;
            }
            expect(members.map(({ circuit }) => circuit.state === "open")).toEqual(open);
          }
        },
      ),
      RUNS,
    ));

  test("a veto needs twenty recent successes and no failure", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 3 }),
        fc.constantFrom(0, 1_000, 3_000, 7_000, 30_000),
        async (successes, failures, ago) => {
          const options = { failureRate: 0.9, minimumCalls: 5, window: "20s" } as const;
          const { clock, members } = await fleet(3, { options });
          const [a, b] = [at(members, 0), at(members, 1)];
          for (let n = 0; n < successes; n++) await b.succeed();
          for (let n = 0; n < failures && successes > 10; n++) await b.fail();
          await clock.advance(ago);
          for (let n = 0; n < 5; n++) await a.fail();
          await clock.advance(200);
          const vetoes = ago <= 3_000 && successes >= 20 && failures === 0;
          expect(b.circuit.state).toBe(vetoes ? "closed" : "open");
          expect(at(members, 2).circuit.state).toBe("open");
        },
      ),
      RUNS,
    ));

  test("errors of this host never reach the fleet, mixed with others in any order", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom("EAI_AGAIN", "ENOTFOUND", "ENETUNREACH", "EHOSTUNREACH", "EMFILE", "ENOBUFS"),
        fc.integer({ min: 2, max: 5 }),
        fc.nat({ max: 4 }),
        async (code, threshold, place) => {
          const { clock, store, members } = await fleet(2, { options: { threshold } });
          const { circuit, fail } = at(members, 0);
          const local = new TypeError("fetch failed", { cause: Object.assign(new Error(), { code }) });
          for (let n = 0; n < threshold; n++)
            await (n === place % threshold
              ? circuit.run(() => Promise.reject(local)).catch(() => undefined)
              : fail());
          await clock.advance(1_000);
          expect(members.map(({ circuit: { state } }) => state)).toEqual(["open", "closed"]);
          expect(store.record("x")).toBeUndefined();
        },
      ),
      RUNS,
    ));

  test("a stream has the outcome that its reader sees: an end and an early return succeed, an error fails", () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 6 }),
        fc.option(fc.nat({ max: 6 })),
        fc.option(fc.integer({ min: 1, max: 6 })),
        fc.boolean(),
        async (length, failsAt, stopsAfter, probing) => {
          const { clock, circuit } = alone({});
          if (probing) {
            await circuit.trip();
            await clock.advance(60_000);
          }
          let ended = 0;
          async function* source() {
            try {
              for (let n = 0; n < length; n++) {
                if (n === failsAt) throw boom;
                yield n;
              }
              if (failsAt !== null && failsAt >= length) return;
            } finally {
              ended++;
            }
          }
          const read: number[] = [];
          let end: unknown = "ok";
          try {
            for await (const n of circuit.stream(source)) {
              read.push(n);
              if (read.length === stopsAfter) break;
            }
          } catch (error) {
            end = error;
          }
          const fails = failsAt !== null && failsAt < length && (stopsAfter === null || stopsAfter > failsAt);
          const whole = fails ? failsAt : Math.min(length, stopsAfter ?? Infinity);
          expect(read).toEqual(Array.from({ length: whole }, (_, n) => n));
          expect(end).toBe(fails ? boom : "ok");
          await clock.advance(0);
          expect(ended).toBe(1);
          expect(circuit.state).toBe(fails ? "open" : "closed");
        },
      ),
      RUNS,
    ));

  test("firstAvailable uses the first that admits and succeeds, and tries none after it", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("ok", "fails", "open"), { minLength: 1, maxLength: 6 }),
        async (providers) => {
          const failfast = createFailfast({ clock: manualClock() });
          const circuits: Circuit[] = [];
          for (const [n, kind] of providers.entries()) {
            const circuit = failfast(`p${n}`, 60 - n);
            if (kind === "open") await circuit.trip();
            circuits.push(circuit);
          }
          const tried: string[] = [];
          const end = await firstAvailable(circuits, async ({ name }) => {
            tried.push(name);
            if (providers[Number(name.slice(1))] === "fails") throw boom;
            return name;
          }).catch((error: unknown) => error);
          const winner = providers.indexOf("ok");
          const reached = providers.slice(0, winner < 0 ? providers.length : winner + 1);
          expect(tried).toEqual(reached.flatMap((kind, n) => (kind === "open" ? [] : [`p${n}`])));
          if (winner >= 0) expect(end).toBe(`p${winner}`);
          else if (providers.includes("fails")) expect(end).toBe(boom);
          else {
            expect(isFailfastError(end)).toBe(true);
            expect((end as { circuit: string }).circuit).toBe(`p${providers.length - 1}`);
          }
        },
      ),
      RUNS,
    ));

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
});
