import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFailfast, TimeoutError } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { at, boom, during, fleet } from "../rules/fleet.js";
import { alone } from "./alone.js";

const never = (): Promise<never> => new Promise(() => undefined);
const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

describe("callTimeout", () => {
  test("rejects the call with a TimeoutError, aborts its signal with that error, and counts a failure", async () => {
    const { clock, circuit } = alone({ callTimeout: "2s" });
    let signal: AbortSignal | undefined;
    const call = outcome(
      circuit.run((given) => {
        signal = given as AbortSignal;
        return never();
      }),
    );
    await clock.advance(1_999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(2);
    const error = await call;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(signal?.reason).toBe(error);
    expect(circuit.state).toBe("open");
  });

  test("only rejects a wrapped function", async () => {
    const { clock, circuit } = alone({ callTimeout: "2s" });
    const call = outcome(circuit(async () => never())());
    await clock.advance(2_001);
    expect(await call).toBeInstanceOf(TimeoutError);
    expect(circuit.state).toBe("open");
  });

  test("is a failure whatever `exceptions` says", async () => {
    const { clock, circuit } = alone({ callTimeout: "2s", exceptions: [RangeError] });
    const call = outcome(circuit.run(never));
    await clock.advance(2_001);
    await call;
    expect(circuit.state).toBe("open");
  });

  test("leaves the outcome of a call in time unchanged, and no timer behind", async () => {
    const { clock, circuit } = alone({ callTimeout: "2s" });
    const value = {};
    await circuit.run(() => 1);
    const before = clock.pending;
    expect(await circuit.run(async () => value)).toBe(value);
    await expect(circuit.run(() => Promise.reject(boom))).rejects.toBe(boom);
    expect(clock.pending).toBe(before);
  });

  test("does not apply to sync functions, which stay sync", () => {
    const { circuit } = alone({ callTimeout: "2s" });
    expect(circuit(() => 7)()).toBe(7);
  });

  test("ignores the late outcome of the call, without an unhandled rejection", async () => {
    const { clock, circuit } = alone({ callTimeout: "2s", threshold: 2 });
    let fail: (error: Error) => void = () => undefined;
    const call = outcome(circuit.run(() => new Promise((_, reject) => (fail = reject))));
    await clock.advance(2_001);
    expect(await call).toBeInstanceOf(TimeoutError);
    fail(boom);
    await clock.advance(1);
    expect(circuit.state).toBe("closed");
  });

  test("rejects a call late because this process was blocked, and does not count it", async () => {
    const { clock, circuit } = alone({ callTimeout: "2s" });
    const call = outcome(circuit.run(never));
    await clock.advance(500);
    clock.stall(4_000);
    await clock.advance(1);
    expect(await call).toBeInstanceOf(TimeoutError);
    expect(circuit.state).toBe("closed");
  });

  test("waits one turn before it rejects, so that an answer that has arrived is read", async () => {
    const { clock, circuit } = alone({ callTimeout: "2s" });
    let answer = (_: string): void => undefined;
    const call = outcome(circuit.run(() => new Promise<string>((done) => (answer = done))));
    clock.after(2_000, () => queueMicrotask(() => answer("just in time")));
    await clock.advance(2_001);
    expect(await call).toBe("just in time");
    expect(circuit.state).toBe("closed");
  });

  test("does not change an abort by the caller, which is neither and reaches the block's signal", async () => {
    const { circuit, clock } = alone({ callTimeout: "2s" });
    const caller = new AbortController();
    let signal: AbortSignal | undefined;
    const call = outcome(
      circuit.run(
        (given) => {
          signal = given as AbortSignal;
          return never();
        },
        { signal: caller.signal as never },
      ),
    );
    await clock.advance(100);
    caller.abort(new Error("enough"));
    expect(await call).toBe(caller.signal.reason);
    expect(signal?.reason).toBe(caller.signal.reason);
    expect(circuit.state).toBe("closed");
  });

  test("keeps one listener on a signal for many calls, as long as their results may still be read", async () => {
    const { circuit } = alone({ callTimeout: "2s" });
    const caller = new AbortController();
    let listeners = 0;
    const listen = caller.signal.addEventListener.bind(caller.signal);
    caller.signal.addEventListener = (...args: Parameters<typeof listen>) => {
      listeners++;
      listen(...args);
    };
    const blocks: AbortSignal[] = [];
    for (let n = 0; n < 150; n++)
      await circuit.run(async (given) => blocks.push(given as AbortSignal), {
        signal: caller.signal as never,
      });
    caller.abort(new Error("enough"));
    expect(listeners).toBe(1);
    expect(blocks.at(-1)?.reason).toBe(caller.signal.reason);
    expect(blocks.filter(({ aborted }) => aborted).length).toBe(150);
  });

  test("releases the lease and makes no call if the caller aborts while it waits for the lease", async () => {
    const { clock, members } = await fleet(1, { timeout: 5, delay: 30 });
    await during(clock, 5_500, at(members, 0).fail);
    const caller = new AbortController();
    let made = false;
    const call = outcome(at(members, 0).circuit.run(() => (made = true), { signal: caller.signal as never }));
    await clock.advance(10);
    caller.abort(new Error("enough"));
    await clock.advance(200);
    expect(await call).toBe(caller.signal.reason);
    expect(made).toBe(false);
    expect(at(members, 0).circuit.state).toBe("half-open");
    expect(await during(clock, 200, at(members, 0).succeed)).toBe("ok");
    expect(at(members, 0).circuit.state).toBe("closed");
  });

  test("makes no call if the caller has already aborted", async () => {
    const { circuit } = alone({});
    let made = false;
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(circuit.run(() => (made = true), { signal: signal as never })).rejects.toThrow("too late");
    expect(made).toBe(false);
  });

  test("plus a second is the length of the probe's lease", async () => {
    const { clock, store, members } = await fleet(2, { timeout: 5, options: { callTimeout: "3s" } });
    await during(clock, 5_100, at(members, 0).fail);
    const probe = outcome(at(members, 0).circuit.run(never));
    await clock.advance(60);
    expect(store.record("x")).toMatchObject({ state: "half-open", duration: 4_000 });
    await clock.advance(4_000);
    expect(await probe).toBeInstanceOf(TimeoutError);
    expect(at(members, 1).circuit.state).toBe("open");
  });

  test("keeps the callers in an error's stack", async () => {
    const circuit = createFailfast({ clock: manualClock() })("x", 60, { callTimeout: 5 });
    const ask = async (): Promise<never> => {
      await null;
      throw new Error("down");
    };
    const guarded = circuit(ask);
    async function blockOfACaller(): Promise<void> {
      await circuit.run(ask);
    }
    async function functionOfACaller(): Promise<void> {
      await guarded();
    }
    for (const call of [blockOfACaller, functionOfACaller]) {
      await circuit.reset();
      const error = (await outcome(call())) as Error;
      expect(error.stack).toContain(call.name);
    }
  });

  test("keeps the callers in the stack of a TimeoutError", async () => {
    const { clock, circuit } = alone({ callTimeout: "2s" });
    const guarded = circuit(async () => never());
    async function blockOfACaller(): Promise<void> {
      await circuit.run(() => never());
    }
    async function functionOfACaller(): Promise<void> {
      await guarded();
    }
    for (const call of [blockOfACaller, functionOfACaller]) {
      await circuit.reset();
      const late = outcome(call());
      await clock.advance(2_001);
      const error = (await late) as Error;
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.stack).toContain(call.name);
    }
  });
});

describe("a process whose event loop was blocked", () => {
  test("neither counts nor shares its callers' time-outs", async () => {
    const { clock, store, members } = await fleet(2);
    const { circuit } = at(members, 0);
    const before = store.written.length;
    clock.stall(2_000);
    const late = new DOMException("The operation timed out", "TimeoutError");
    expect(await outcome(circuit.run(() => Promise.reject(late)))).toBe(late);
    await clock.advance(1_100);
    expect(circuit.state).toBe("closed");
    expect(store.written.length).toBe(before);
    await outcome(circuit.run(() => Promise.reject(late)));
    expect(circuit.state).toBe("open");
  });

  test("still counts a failed answer of the backend", async () => {
    const { clock, members } = await fleet(1);
    clock.stall(2_000);
    expect(await at(members, 0).fail()).toBe("failed");
    expect(at(members, 0).circuit.state).toBe("open");
  });

  test("releases the lease of a probe that timed out for that", async () => {
    const { clock, members } = await fleet(2, { timeout: 5, options: { callTimeout: "3s" } });
    await during(clock, 5_100, at(members, 0).fail);
    const probe = outcome(at(members, 0).circuit.run(never));
    await clock.advance(60);
    clock.stall(6_000);
    await clock.advance(60);
    expect(await probe).toBeInstanceOf(TimeoutError);
    expect(at(members, 1).circuit.state).toBe("half-open");
    expect(await during(clock, 60, at(members, 1).succeed)).toBe("ok");
    expect(at(members, 0).circuit.state).toBe("closed");
  });
});

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
    { numRuns: 60 },
  ));
