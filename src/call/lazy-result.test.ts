import { BehaviorSubject, from, of, Subject } from "rxjs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createFailfast } from "../index.js";

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
