// What a program gets wrong, as it does without types: each is said in words, at once, and counts for nothing.
import { describe, expect, test } from "vitest";
import { type Circuit, createFailfast, firstAvailable } from "../index.js";
import { manualClock } from "../testing/index.js";

const made = () => createFailfast()("sales_api", 60);

const errorOf = async (act: () => unknown): Promise<unknown> => {
  try {
    const answer = await act();
    if (typeof answer !== "object" || answer === null || !(Symbol.asyncIterator in answer)) return undefined;
    for await (const _ of answer as AsyncIterable<unknown>);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe("the options of one call", () => {
  const ways: [string, (circuit: Circuit, options: never) => unknown][] = [
    ["run", (circuit, options) => circuit.run(() => 1, options)],
    [
      "stream",
      (circuit, options) =>
        circuit.stream(async function* () {
          yield 1;
        }, options),
    ],
  ];
  describe.each(ways)("of %s", (_, call) => {
    test.each([
      [
        { sginal: AbortSignal.abort() },
        'there is no option "sginal"; did you mean "signal"? There are signal',
      ],
      [{ signal: undefined, timeout: 3 }, '"timeout" can\'t be given here: there are signal'],
      [{ zebra: 1 }, 'there is no option "zebra": there are signal'],
      [AbortSignal.abort(), "the options are an AbortSignal: they take an object"],
      [null, "the options are null: they take an object"],
      ["signal", 'the options are "signal": they take an object'],
      [
        { signal: new AbortController() },
        "signal is an AbortController: it takes an AbortSignal, as in { signal: controller.signal }",
      ],
      [{ signal: 5 }, "signal is 5: it takes an AbortSignal, as in { signal: controller.signal }"],
    ])("refuses %o", async (options, message) => {
      const circuit = made();
      expect(await errorOf(() => call(circuit, options as never))).toEqual(new TypeError(message));
      expect(circuit.state).toBe("closed");
    });

    test.each([
      undefined,
      {},
      { signal: undefined },
      { signal: null },
      { signal: new AbortController().signal },
    ])("takes %o", async (options) => {
      expect(await errorOf(() => call(made(), options as never))).toBeUndefined();
    });

    test("takes a user's own object with a signal", async () => {
      const request = new Request("http://localhost/", { signal: AbortSignal.abort("gone") });
      expect(await errorOf(() => call(made(), request as never))).toBe("gone");
    });
  });
});

function lockedStream(): ReadableStream {
  const stream = new ReadableStream();
  stream.getReader();
  return stream;
}

describe("an invalid stream", () => {
  const given: unknown[] = [
    5,
    undefined,
    null,
    "text",
    [1, 2],
    new Map(),
    {},
    () => 1,
    { [Symbol.asyncIterator]: () => 5 },
    { [Symbol.asyncIterator]: () => ({}) },
    lockedStream(),
  ];
  test.each(given)("is a mistake of the program: %o", async (value) => {
    const circuit = made();
    for (const open of [() => value, async () => value]) {
      const error = await errorOf(() => circuit.stream(open as never));
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).toMatch(/^TypeError: stream\(\) takes .* a ReadableStream, .*; it gave .+/);
    }
    expect(circuit.state).toBe("closed");
    expect(await circuit.run(() => 1)).toBe(1);
  });

  test("counts as neither, whatever the options, and leaves the probe to the next call", async () => {
    const clock = manualClock();
    const limits = { callTimeout: "2s", idleTimeout: "1s", slowCall: "1s" } as const;
    const circuit = createFailfast({ clock })("x", 60, limits);
    await circuit.trip();
    await clock.advance(60_000);
    expect(await errorOf(() => circuit.stream((() => 5) as never))).toBeInstanceOf(TypeError);
    expect(circuit.state).toBe("half-open");
    expect(await circuit.run(() => 1)).toBe(1);
    expect(circuit.state).toBe("closed");
  });

  test("an error inside the stream is a failure, even a TypeError", async () => {
    const circuit = made();
    const broken = () => {
      throw new TypeError("fetch failed");
    };
    expect(await errorOf(() => circuit.stream(broken))).toEqual(new TypeError("fetch failed"));
    expect(circuit.state).toBe("open");
  });
});

describe("a class in place of a function", () => {
  class Sales {}
  const limits = { callTimeout: "2s", slowCall: "1s" } as const;
  const ways: [string, (circuit: Circuit) => unknown][] = [
    ["run", (circuit) => circuit.run(Sales as never)],
    ["run with a signal", (circuit) => circuit.run(Sales as never, { signal: new AbortController().signal })],
    ["stream", (circuit) => circuit.stream(Sales as never)],
    ["firstAvailable", (circuit) => firstAvailable([circuit], Sales as never)],
  ];
  test.each(ways)(
    "is a TypeError that counts for nothing, and leaves the probe to the next call: %s",
    async (_, act) => {
      for (const options of [{}, limits]) {
        const clock = manualClock();
        const circuit = createFailfast({ clock })("x", 60, options);
        expect(await errorOf(() => act(circuit))).toBeInstanceOf(TypeError);
        expect(circuit.state).toBe("closed");
        await circuit.trip();
        await clock.advance(60_000);
        expect(await errorOf(() => act(circuit))).toBeInstanceOf(TypeError);
        expect(circuit.state).toBe("half-open");
        expect(await circuit.run(() => 1)).toBe(1);
        expect(circuit.state).toBe("closed");
      }
    },
  );

  test("is what a function may throw about: that is a failure", async () => {
    const circuit = made();
    const builds = () => (Sales as unknown as () => unknown)();
    expect(await errorOf(() => circuit.run(builds))).toBeInstanceOf(TypeError);
    expect(circuit.state).toBe("open");
  });
});

describe("a method without its circuit", () => {
  test.each(["run", "stream", "snapshot", "update", "on", "trip", "reset", "hold", "release"] as const)(
    "%s throws an error that says so",
    async (method) => {
      const circuit = made();
      const { [method]: alone } = circuit as unknown as Record<string, (...args: unknown[]) => unknown>;
      const message = `${method} was taken off its circuit: call it as circuit.${method}(…), or keep circuit.${method}.bind(circuit)`;
      expect(await errorOf(() => alone?.(() => 1))).toEqual(new TypeError(message));
      expect(await errorOf(() => ({ [method]: alone })[method]?.(() => 1))).toEqual(new TypeError(message));
      expect(circuit.state).toBe("closed");
    },
  );

  test("run rejects, and works when bound", async () => {
    const { run } = made();
    await expect(run(() => 1)).rejects.toThrow(TypeError);
    const circuit = made();
    expect(await circuit.run.bind(circuit)(() => 1)).toBe(1);
  });
});
