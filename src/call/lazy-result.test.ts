import { BehaviorSubject, from, of, Subject } from "rxjs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createFailfast, type FailfastOptions } from "../index.js";
import { manualClock } from "../testing/index.js";

async function* generator(): AsyncGenerator<number> {
  yield 1;
}

describe("a result that does its work only when it is read", () => {
  let said: string[];
  let names = 0;
  beforeEach(() => {
    said = [];
    vi.spyOn(process, "emitWarning").mockImplementation((message) => void said.push(String(message)));
  });
  afterEach(() => vi.restoreAllMocks());
  /** Warnings come once for each name. */
  const circuit = () => createFailfast()(`lazy ${names++}`, 60);

  test.each<[string, () => unknown, RegExp]>([
    ["an Observable", () => of(1), /an Observable.*firstValueFrom/],
    ["another one", () => from([1, 2]), /an Observable/],
    ["a generator", () => generator(), /an async iterator.*circuit\.stream/],
  ])("is warned of once: %s", (_, make, warning) => {
    const guarded = circuit();
    const wrapped = guarded(make);
    const result = wrapped();
    expect(result).toBeTypeOf("object");
    wrapped();
    guarded(make)();
    expect(said).toEqual([expect.stringMatching(warning)]);
  });

  test("is warned of where another function of the circuit returned a plain value before", async () => {
    const guarded = circuit();
    guarded(() => 1)();
    guarded(() => of(1))();
    expect(said).toHaveLength(1);
    const other = circuit();
    await other.run(() => 1);
    await other.run(() => of(1) as never);
    expect(said).toHaveLength(2);
    const timed = createFailfast()(`lazy ${names++}`, 60, { callTimeout: "5s" });
    timed(() => 1)();
    timed(() => of(1))();
    expect(said).toHaveLength(3);
  });

  test.each<[string, FailfastOptions]>([
    ["of any circuit", {}],
    ["with a deadline", { callTimeout: "5s" }],
    ["that measures calls", { slowCall: "1s" }],
    ["with a rate", { failureRate: 0.5 }],
  ])("is refused where a block is a generator function, and counts for nothing: %s", async (_, options) => {
    const clock = manualClock();
    const guarded = createFailfast({ clock })("generators", 60, options);
    const refused = /"generator" is a generator function.*circuit\.stream\(\)/;
    const refuses = async () => {
      await expect(guarded.run(generator as never)).rejects.toThrow(refused);
      await expect(guarded.run(function* generator() {} as never)).rejects.toThrow(refused);
    };
    await refuses();
    await guarded.run(async () => 1);
    await refuses();
    expect(guarded.state).toBe("closed");
    await guarded.trip();
    await clock.advance(60_000);
    await refuses();
    expect(guarded.state).toBe("half-open");
    expect(await guarded.run(async () => 1)).toBe(1);
    expect([guarded.state, said]).toEqual(["closed", []]);
  });

  test("is warned of where a block returns it", async () => {
    await circuit().run(() => generator() as never);
    expect(said).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    ["an iterator that is not asynchronous", [1, 2].values()],
    ["a stream that others read", new ReadableStream()],
    ["something with a method called subscribe", { subscribe: () => undefined }],
    ["a subject, which others feed", new Subject()],
    ["one that replays", new BehaviorSubject(1)],
    ["a proxy that answers every property with a function", answersAll()],
    ["a revoked proxy", revoked()],
    ["nothing", null],
    ["a text", "next"],
  ])("is not suspected in %s", (_, value) => {
    circuit()(() => value)();
    expect(said).toEqual([]);
  });

  function answersAll(): unknown {
    const get = (_: object, key: PropertyKey): unknown => (key === "then" ? undefined : () => undefined);
    return new Proxy({}, { get, has: () => true });
  }

  function revoked(): unknown {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  }
});
