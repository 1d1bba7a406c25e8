import { describe, expect, test } from "vitest";
import { createFailfast, type FailfastOptions, TimeoutError } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { at, boom, during, ending, fleet } from "../rules/fleet.js";

function alone(options: FailfastOptions) {
  const clock = manualClock();
  const circuit = createFailfast({ clock })("x", 60, options);
  return { clock, circuit };
}

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

describe("retryAfter", () => {
  const failing = (failure: unknown) => () => Promise.reject(failure);
  const withHeaders = (headers: unknown): Error => Object.assign(new Error("busy"), { headers });

  test.each([
    ["seconds in the headers of an error", withHeaders({ "Retry-After": "7" }), 7],
    ["a Headers", withHeaders(new Headers({ "retry-after": "8" })), 8],
    ["milliseconds", withHeaders({ "retry-after-ms": "2500" }), 2.5],
    [
      "a response of axios or ky",
      Object.assign(new Error(), { response: { headers: { "retry-after": 9 } } }),
      9,
    ],
    ["behind a cause", new Error("outer", { cause: withHeaders({ "retry-after": "11" }) }), 11],
    ["an error's own retryAfter", Object.assign(new Error(), { retryAfter: 12 }), 12],
    ["a date", withHeaders({ "retry-after": new Date(Date.UTC(2025, 0, 1, 0, 0, 30)).toUTCString() }), 30],
  ])("%s sets the open time", async (_, failure, seconds) => {
    const { circuit } = alone({ retryAfter: true });
    await outcome(circuit.run(failing(failure)));
    expect(circuit.retryAfter).toBeCloseTo(seconds, 1);
  });

  test("sets the open time for the whole fleet", async () => {
    const { clock, members } = await fleet(2, { options: { retryAfter: true } });
    await outcome(at(members, 0).circuit.run(failing(withHeaders({ "retry-after": "120" }))));
    await clock.advance(100);
    expect(at(members, 1).circuit.retryAfter).toBeCloseTo(119.9, 0);
  });

  test("is read from a returned Response that counts as a failure", async () => {
    const { circuit } = alone({ retryAfter: true, results: (r: Response) => r.status === 429 });
    await circuit.run(() => new Response("", { status: 429, headers: { "Retry-After": "5" } }));
    expect(circuit.retryAfter).toBe(5);
  });

  test("is limited to between a second and ten times the circuit's own time, or to given limits", async () => {
    for (const [asked, limits, seconds] of [
      ["0", true, 1],
      ["86400", true, 600],
      ["1", { min: "10s", max: "30s" }, 10],
      ["50", { min: "10s", max: "30s" }, 30],
    ] as const) {
      const { circuit } = alone({ retryAfter: limits });
      await outcome(circuit.run(failing(withHeaders({ "retry-after": asked }))));
      expect(circuit.retryAfter).toBe(seconds);
    }
  });

  test("`from` finds it elsewhere; if that throws or finds nothing, the circuit's own time applies", async () => {
    const from = (failure: unknown) => (failure as { wait: { s: number } }).wait.s;
    const { circuit } = alone({ retryAfter: { from } });
    await outcome(circuit.run(failing({ wait: { s: 4 } })));
    expect(circuit.retryAfter).toBe(4);
    await circuit.reset();
    await outcome(circuit.run(failing({})));
    expect(circuit.retryAfter).toBe(60);
  });

  test("is ignored without the option", async () => {
    const { circuit } = alone({});
    await outcome(circuit.run(failing(withHeaders({ "retry-after": "5" }))));
    expect(circuit.retryAfter).toBe(60);
  });

  test.each([{}, { "retry-after": "soon" }, { "retry-after": "-5" }, { "retry-after": "" }, "text", null])(
    "ignores an invalid value: %j",
    async (headers) => {
      const { circuit } = alone({ retryAfter: true });
      await outcome(circuit.run(failing(withHeaders(headers))));
      expect(circuit.retryAfter).toBe(60);
    },
  );
});

describe("stream", () => {
  async function* items(n: number, then?: Error): AsyncGenerator<number> {
    for (let i = 0; i < n; i++) yield i;
    if (then) throw then;
  }
  const readAll = async (stream: AsyncIterable<unknown>): Promise<unknown[]> => {
    const all: unknown[] = [];
    for await (const item of stream) all.push(item);
    return all;
  };

  test("counts an async iterable read to its end as a success", async () => {
    const { circuit } = alone({});
    expect(await readAll(circuit.stream(() => items(3)))).toEqual([0, 1, 2]);
    expect(circuit.state).toBe("closed");
  });

  test("takes a ReadableStream, or a promise of one", async () => {
    const { circuit } = alone({});
    const body = async () => new Response("abc").body as ReadableStream<Uint8Array>;
    expect((await readAll(circuit.stream(body))).length).toBe(1);
    const bare = { getReader: () => (new Response("abc").body as ReadableStream<Uint8Array>).getReader() };
    expect((await readAll(circuit.stream(() => bare as never))).length).toBe(1);
  });

  test("counts an error while reading as a failure, and passes it to the reader unchanged", async () => {
    const { circuit } = alone({});
    expect(await outcome(readAll(circuit.stream(() => items(2, boom))))).toBe(boom);
    expect(circuit.state).toBe("open");
    expect(await ending(readAll(circuit.stream(() => items(1))))).toBe("rejected");
  });

  test("counts an early return as a success, releases the lease, and ends the source", async () => {
    const { clock, circuit } = alone({});
    await circuit.trip();
    await clock.advance(60_000);
    let ended = false;
    async function* source() {
      try {
        for (;;) yield 1;
      } finally {
        ended = true;
      }
    }
    for await (const _ of circuit.stream(source)) break;
    await clock.advance(0);
    expect([ended, circuit.state]).toEqual([true, "closed"]);
  });

  test("applies callTimeout to the first item only", async () => {
    const { clock, circuit } = alone({ callTimeout: "2s" });
    const stream = circuit.stream(async function* () {
      yield 1;
      await new Promise<void>((done) => clock.after(10_000, done));
      yield 2;
    });
    const all = readAll(stream);
    await clock.advance(10_100);
    expect(await all).toEqual([1, 2]);
    const late = outcome(readAll(circuit.stream(() => never())));
    await clock.advance(2_100);
    expect(await late).toBeInstanceOf(TimeoutError);
    expect(circuit.state).toBe("open");
  });

  test("starts the source only when it is read", async () => {
    const { circuit } = alone({});
    let opened = false;
    const stream = circuit.stream(() => {
      opened = true;
      return items(1);
    });
    expect(opened).toBe(false);
    await readAll(stream);
    expect(opened).toBe(true);
  });

  test("counts a caller's abort as neither", async () => {
    const { circuit } = alone({});
    const caller = new AbortController();
    const stream = circuit.stream(
      async function* (signal) {
        yield 1;
        caller.abort();
        (signal as AbortSignal).throwIfAborted();
      },
      { signal: caller.signal as never },
    );
    expect(await outcome(readAll(stream))).toBe(caller.signal.reason);
    expect(circuit.state).toBe("closed");
  });

  test("aborts the source when the caller aborts, even after the first item under callTimeout", async () => {
    const { circuit } = alone({ callTimeout: "2s" });
    const caller = new AbortController();
    const stream = circuit.stream(
      async function* (signal) {
        yield 1;
        caller.abort();
        (signal as AbortSignal).throwIfAborted();
      },
      { signal: caller.signal as never },
    );
    expect(await outcome(readAll(stream))).toBe(caller.signal.reason);
    expect(circuit.state).toBe("closed");
  });

  /** Answers synchronously, throws when it is asked, and is not iterable itself. */
  const bare = (n: number, then?: Error): AsyncIterable<number> => ({
    [Symbol.asyncIterator]: () => ({
      next() {
        if (n-- > 0) return { done: false, value: n } as never;
        if (then) throw then;
        return { done: true, value: undefined } as never;
      },
      return() {
        throw new Error("can't be ended");
      },
    }),
  });

  test("reads a bare iterator as `for await` does", async () => {
    const { circuit } = alone({});
    expect(await readAll(circuit.stream(() => bare(2)))).toEqual([1, 0]);
    expect(await outcome(readAll(circuit.stream(() => bare(2, boom))))).toBe(boom);
    expect(circuit.state).toBe("open");
    const { circuit: unguarded } = alone({ enabled: false });
    expect(await readAll(unguarded.stream(() => bare(2)))).toEqual([1, 0]);
    const { circuit: falling } = alone({ fallback: () => bare(2) });
    await falling.trip();
    expect(await readAll(falling.stream(() => bare(0)))).toEqual([1, 0]);
  });

  test("throws a TypeError for anything but a stream", async () => {
    const { circuit } = alone({});
    await expect(readAll(circuit.stream((() => 7) as never))).rejects.toThrow(
      /async iterable or a ReadableStream/,
    );
    expect(() => circuit.stream(7 as never)).toThrow(/stream takes a function/);
  });
});
