import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TimeoutError } from "../../src/index.js";
import { boom, ending } from "../rules/fleet.js";
import { alone } from "./alone.js";

const never = (): Promise<never> => new Promise(() => undefined);
const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

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

  test.each([{}, { callTimeout: "2s" } as const])(
    "counts a caller's abort as neither, and aborts the source (%o)",
    async (options) => {
      const { circuit } = alone(options);
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
    },
  );

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
    { numRuns: 60 },
  ));
