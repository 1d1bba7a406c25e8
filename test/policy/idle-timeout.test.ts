import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { watchSilence } from "../../src/api/circuit.js";
import { createFailfast, TimeoutError } from "../../src/index.js";
import { outcome, source, streaming } from "./streaming.js";

describe("idleTimeout", () => {
  test("counts a silent stream as a time-out and a failure, aborts the signal, and ends the source", async () => {
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

  test("does not end a stream whose items come slowly but steadily, with one timer only", async () => {
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

  test("does not count the time that the reader takes", async () => {
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

  test("starts when the stream is first read", async () => {
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

  test("leaves the first item to callTimeout", async () => {
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

  test("is extended if this process was blocked: the stream goes on", async () => {
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

  test("ends a stream of a process that is blocked all the time, after a few extensions in a row", async () => {
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

  test("fails a Node stream, and destroys it", async () => {
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

  test("fails a generator that never returns, and aborts its signal", async () => {
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

  test("does not change an abort by the caller, which is neither", async () => {
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

  test("does not count after the caller aborted, although the source goes on", async () => {
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

  test("opens the circuit again if the probe's stream is silent", async () => {
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

  test("applies to each stream on its own, and by default to none", async () => {
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

test("does not apply with enabled: false, for guards of clients either", () => {
  let enabled = true;
  const { circuit } = streaming({ enabled: () => enabled });
  expect(watchSilence(circuit, () => undefined)).toBeDefined();
  enabled = false;
  expect(watchSilence(circuit, () => undefined)).toBeUndefined();
});

test.each([0, -1, "5", 5_000, Number.NaN])("idleTimeout %o is refused", (idleTimeout) => {
  expect(() => createFailfast({})("x", 60, { idleTimeout: idleTimeout as never })).toThrow(/idleTimeout is/);
});
