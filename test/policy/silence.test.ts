import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { watchSilence } from "../../src/api/circuit.js";
import { createFailfast, type FailfastOptions, TimeoutError } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";

function streaming(options: FailfastOptions = {}) {
  const clock = manualClock();
  const circuit = createFailfast({ clock })("llm", 60, { idleTimeout: "5s", ...options });
  return { clock, circuit };
}

/** A stream whose items are given by hand; it counts who lets go of it. */
function source() {
  let controller: ReadableStreamDefaultController<string> | undefined;
  const its = {
    cancelled: [] as unknown[],
    readable: new ReadableStream<string>(
      {
        start(given) {
          controller = given;
        },
        cancel(reason) {
          its.cancelled.push(reason);
        },
      },
      { highWaterMark: 0 },
    ),
    give: (item: string) => controller?.enqueue(item),
    end: () => controller?.close(),
  };
  return its;
}

const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

describe("the silence of a stream", () => {
  test("is a time-out and a failure, aborts the signal, and lets go of what is read", async () => {
    const { clock, circuit } = streaming();
    const { readable, give, cancelled } = source();
    let signal: AbortSignal | undefined;
    const items = circuit.stream((given) => {
      signal = given as AbortSignal;
      return readable;
    });
    give("first");
    expect(await items.next()).toEqual({ done: false, value: "first" });
    const next = outcome(items.next());
    await clock.advance(4_999);
    expect(circuit.state).toBe("closed");
    await clock.advance(1);
    const error = (await next) as TimeoutError;
    expect(error).toBeInstanceOf(TimeoutError);
    expect([error.waitedFor, error.message]).toEqual(["next-item", expect.stringContaining("5000 ms")]);
    expect([circuit.state, signal?.aborted, signal?.reason]).toEqual(["open", true, error]);
    await expect.poll(() => cancelled.length).toBe(1);
    expect(await items.next()).toEqual({ done: true, value: undefined });
    expect(clock.pending).toBe(streaming().clock.pending + 1);
  });

  test("is none where items come slowly but steadily, with one timer and no more", async () => {
    const { clock, circuit } = streaming();
    const { readable, give, end } = source();
    const items = circuit.stream(() => readable);
    give("0");
    await items.next();
    const before = clock.pending;
    for (let n = 1; n < 20; n++) {
      const next = items.next();
      await clock.advance(4_000);
      expect(clock.pending).toBe(before + 1);
      give(`${n}`);
      expect(await next).toEqual({ done: false, value: `${n}` });
    }
    end();
    expect(await items.next()).toEqual({ done: true, value: undefined });
    expect([circuit.state, clock.pending]).toEqual(["closed", before]);
  });

  test("is none of the backend's where its reader takes its time", async () => {
    const { clock, circuit } = streaming();
    const { readable, give } = source();
    const items = circuit.stream(() => readable);
    give("0");
    await items.next();
    for (let n = 1; n < 4; n++) {
      await clock.advance(60_000);
      const next = items.next();
      await clock.advance(3_000);
      give("late");
      expect(await next).toEqual({ done: false, value: "late" });
    }
    await clock.advance(60_000);
    expect(circuit.state).toBe("closed");
    await items.return();
  });

  test("is measured from its beginning, whenever that is", async () => {
    const { clock, circuit } = streaming();
    const { readable, give } = source();
    const items = circuit.stream(() => readable);
    give("0");
    await items.next();
    for (const wait of [100, 4_900, 1, 3_000]) {
      const next = items.next();
      await clock.advance(wait);
      give("x");
      await next;
    }
    const next = outcome(items.next());
    await clock.advance(4_999);
    expect(circuit.state).toBe("closed");
    await clock.advance(1);
    expect(await next).toBeInstanceOf(TimeoutError);
  });

  test("says nothing of the first item, which has the call's deadline", async () => {
    const { clock, circuit } = streaming({ callTimeout: "20s" });
    const first = outcome(circuit.stream(() => source().readable).next());
    await clock.advance(19_999);
    expect(circuit.state).toBe("closed");
    await clock.advance(1);
    const error = (await first) as TimeoutError;
    expect([error.waitedFor, error.message]).toEqual([
      "first-item",
      "the first item took longer than 20000 ms",
    ]);
    const whole = (await (async () => {
      const call = outcome(
        createFailfast({ clock })("x", 60, { callTimeout: 1 }).run(() => new Promise(() => undefined)),
      );
      await clock.advance(1_000);
      return call;
    })()) as TimeoutError;
    expect([whole.waitedFor, whole.message]).toEqual(["call", "the call took longer than 1000 ms"]);
  });

  test("is a failure whatever exceptions says", async () => {
    const { clock, circuit } = streaming({ exceptions: [RangeError] });
    const { readable, give } = source();
    const items = circuit.stream(() => readable);
    give("0");
    await items.next();
    const next = outcome(items.next());
    await clock.advance(5_000);
    expect(await next).toBeInstanceOf(TimeoutError);
    expect(circuit.state).toBe("open");
  });

  test("is excused where this process was blocked: the stream goes on", async () => {
    const { clock, circuit } = streaming();
    const { readable, give } = source();
    const items = circuit.stream(() => readable);
    give("0");
    await items.next();
    const next = items.next();
    await clock.advance(1_000);
    clock.stall(30_000);
    await clock.advance(1);
    give("was there all the time");
    expect(await next).toEqual({ done: false, value: "was there all the time" });
    expect(circuit.state).toBe("closed");
  });

  test("ends a process that is blocked all the time's streams, too, after a few in a row", async () => {
    const { clock, circuit } = streaming();
    const { readable, give } = source();
    const items = circuit.stream(() => readable);
    give("0");
    await items.next();
    const next = outcome(items.next());
    for (let n = 0; n < 6; n++) {
      clock.stall(4_000);
      await clock.advance(2_000);
    }
    expect(await next).toBeInstanceOf(TimeoutError);
  });

  test("fails a stream of Node's, and destroys it", async () => {
    const { clock, circuit } = streaming();
    const readable = new Readable({ read: () => undefined });
    const items = circuit.stream(() => readable);
    readable.push("0");
    await items.next();
    const next = outcome(items.next());
    await clock.advance(5_000);
    expect(await next).toBeInstanceOf(TimeoutError);
    await expect.poll(() => readable.destroyed).toBe(true);
  });

  test("fails a generator that never comes back, and aborts its signal", async () => {
    const { clock, circuit } = streaming();
    let aborted = false;
    const items = circuit.stream(async function* (signal) {
      (signal as AbortSignal).addEventListener("abort", () => {
        aborted = true;
      });
      yield 1;
      await new Promise(() => undefined);
    });
    await items.next();
    const next = outcome(items.next());
    await clock.advance(5_000);
    expect(await next).toBeInstanceOf(TimeoutError);
    expect(aborted).toBe(true);
  });

  test("a caller's own abort during it is neither", async () => {
    const { clock, circuit } = streaming();
    const caller = new AbortController();
    const items = circuit.stream(
      async function* (signal) {
        yield 1;
        await new Promise((_, reject) =>
          (signal as AbortSignal).addEventListener("abort", () => reject(new Error("aborted"))),
        );
      },
      { signal: caller.signal as never },
    );
    await items.next();
    const next = outcome(items.next());
    await clock.advance(1_000);
    caller.abort();
    expect(await next).toEqual(new Error("aborted"));
    await clock.advance(10_000);
    expect(circuit.state).toBe("closed");
  });

  test("is none of the backend's where the caller gave up, though what is read goes on", async () => {
    const { clock, circuit } = streaming();
    const { readable, give } = source();
    const caller = new AbortController();
    const items = circuit.stream(() => readable, { signal: caller.signal as never });
    give("0");
    await items.next();
    const next = outcome(items.next());
    await clock.advance(1_000);
    caller.abort();
    await clock.advance(4_000);
    expect([await next, circuit.state]).toEqual([expect.any(TimeoutError), "closed"]);
  });

  test("of a probe opens the circuit again", async () => {
    const { clock, circuit } = streaming();
    await outcome(circuit.run(() => Promise.reject(new Error("down"))));
    await clock.advance(60_000);
    const { readable, give } = source();
    const items = circuit.stream(() => readable);
    give("0");
    await items.next();
    expect(circuit.state).toBe("half-open");
    const next = outcome(items.next());
    await clock.advance(5_000);
    await next;
    expect(circuit.state).toBe("open");
  });

  test("is watched for in each stream by itself, and by default for none", async () => {
    const { clock, circuit } = streaming({ threshold: 2 });
    const streams = [source(), source()];
    const items = streams.map(({ readable }) => circuit.stream(() => readable));
    for (const { give } of streams) give("0");
    for (const each of items) await each.next();
    const [one, other] = items.map((each) => outcome(each.next()));
    await clock.advance(4_000);
    streams[1]?.give("1");
    await clock.advance(1_000);
    expect(await one).toBeInstanceOf(TimeoutError);
    expect(await other).toEqual({ done: false, value: "1" });
    const free = createFailfast({ clock })("free", 60);
    const { readable, give } = source();
    const silent = free.stream(() => readable);
    give("0");
    await silent.next();
    const next = silent.next();
    await clock.advance(3_600_000);
    give("an hour later");
    expect(await next).toEqual({ done: false, value: "an hour later" });
  });
});

test("enabled: false has no silence watched, for guards of clients either", () => {
  let enabled = true;
  const { circuit } = streaming({ enabled: () => enabled });
  expect(watchSilence(circuit, () => undefined)).toBeDefined();
  enabled = false;
  expect(watchSilence(circuit, () => undefined)).toBeUndefined();
});

describe("a reader that leaves while the next item is waited for", () => {
  test.each([{}, { idleTimeout: undefined }])(
    "leaves at once, and lets go of what is read (%o)",
    async (options) => {
      const { circuit } = streaming(options);
      const { readable, give, cancelled } = source();
      const items = circuit.stream(() => readable);
      give("0");
      await items.next();
      const next = items.next();
      expect(await items.return()).toEqual({ done: true, value: undefined });
      expect(await next).toEqual({ done: true, value: undefined });
      expect([cancelled.length, circuit.state]).toEqual([1, "closed"]);
    },
  );
});

describe("a reader that leaves before the first item", () => {
  test.each([{}, { callTimeout: "20s" }, { idleTimeout: undefined }] as const)(
    "leaves at once, which says nothing of the backend (%o)",
    async (options) => {
      const { clock, circuit } = streaming(options);
      await outcome(circuit.run(() => Promise.reject(new Error("down"))));
      await clock.advance(60_000);
      const { readable, cancelled } = source();
      const items = circuit.stream(() => readable);
      const first = items.next();
      await clock.advance(1_000);
      expect(await items.return()).toEqual({ done: true, value: undefined });
      expect(await first).toEqual({ done: true, value: undefined });
      expect([cancelled.length, circuit.state]).toEqual([1, "half-open"]);
      await clock.advance(25_000);
      expect([await circuit.run(async () => "a probe"), circuit.state]).toEqual(["a probe", "closed"]);
    },
  );

  test("lets go of a stream that opens later", async () => {
    const { clock, circuit } = streaming();
    const { readable, cancelled } = source();
    let opens: (readable: unknown) => void = () => undefined;
    const items = circuit.stream(() => new Promise<never>((resolve) => (opens = resolve as never)));
    const first = items.next();
    await clock.advance(1_000);
    await items.return();
    opens(readable);
    await first;
    await clock.advance(0);
    expect([cancelled.length, circuit.state]).toEqual([1, "closed"]);
  });
});

test.each([0, -1, "5", 5_000, Number.NaN])("idleTimeout %o is refused", (idleTimeout) => {
  expect(() => createFailfast({})("x", 60, { idleTimeout: idleTimeout as never })).toThrow(/idleTimeout is/);
});
