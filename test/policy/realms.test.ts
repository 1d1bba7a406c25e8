import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { failfastFetch } from "../../src/clients/fetch.js";
import { createFailfast, type ErrorClass, type FailfastOptions } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";

const DOMExceptionItself = DOMException;

/** What the code makes in another realm, as a `vm` context, a frame or a sandbox of Jest has one. */
const elsewhere = <T>(code: string): T => runInNewContext(code) as T;

async function stateAfter(error: unknown, options: FailfastOptions): Promise<string> {
  const circuit = createFailfast({ clock: manualClock() })("x", 60, options);
  await circuit.run(() => Promise.reject(error)).catch(() => undefined);
  return circuit.state;
}

describe("an error of another realm", () => {
  test.each<[string, ErrorClass]>([
    ["new Error()", Error],
    ["new TypeError()", Error],
    ["new TypeError()", TypeError],
    ["new AggregateError([])", AggregateError],
    ["new (class Own extends RangeError {})()", RangeError],
    ["new (class Own extends RangeError {})()", Error],
    ['Object.freeze(new SyntaxError("frozen"))', SyntaxError],
  ])("%s is one of the classes that are listed: %o", async (code, errorClass) => {
    expect(await stateAfter(elsewhere(code), { exceptions: [errorClass] })).toBe("open");
    expect(await stateAfter(elsewhere(code), { exceptions: errorClass })).toBe("open");
    expect(await stateAfter(elsewhere(code), { ignore: [errorClass] })).toBe("closed");
  });

  test.each<[string, ErrorClass]>([
    ["new Error()", TypeError],
    ["new RangeError()", TypeError],
    ["new (class TypeError {})()", TypeError],
    ["({ name: 'TypeError' })", TypeError],
    ["'TypeError'", TypeError],
    ["Object.create(null)", Error],
  ])("%s is not %o", async (code, errorClass) => {
    expect(await stateAfter(elsewhere(code), { exceptions: [errorClass] })).toBe("closed");
  });

  test("is found where the listed class itself is of another realm", async () => {
    const theirs = elsewhere<ErrorClass>("RangeError");
    expect(await stateAfter(new RangeError(), { exceptions: theirs })).toBe("open");
    expect(await stateAfter(new Error(), { exceptions: theirs })).toBe("closed");
    const own = elsewhere<ErrorClass>(
      "function Old() {} Old.prototype = Object.create(Error.prototype); Old",
    );
    expect(await stateAfter(new Error(), { exceptions: own })).toBe("closed");
  });

  test("a class of the application's own is compared as always", async () => {
    class HttpError extends Error {}
    const other = elsewhere("new (class HttpError extends Error {})()");
    expect(await stateAfter(other, { exceptions: [HttpError] })).toBe("closed");
    expect(await stateAfter(new HttpError(), { exceptions: [HttpError] })).toBe("open");
  });

  test("is not looked for in a predicate that has the name of a class", async () => {
    const isOurs = (error: unknown): boolean => (error as { code?: unknown }).code === "OURS";
    function DOMException(error: unknown): boolean {
      return isOurs(error);
    }
    const predicates = { TypeError: (error: unknown) => isOurs(error), DOMException };
    for (const exceptions of Object.values(predicates)) {
      expect(await stateAfter(Object.assign(new Error(), { code: "OURS" }), { exceptions })).toBe("open");
      expect(await stateAfter(new Error(), { exceptions })).toBe("closed");
    }
    expect(await stateAfter(new DOMExceptionItself("x"), { exceptions: DOMExceptionItself })).toBe("open");
  });

  test("of a fetch that sent nothing counts for nothing", async () => {
    const failfast = createFailfast({ clock: manualClock() });
    const refusing = (): Promise<never> => Promise.reject(elsewhere('new TypeError("not a valid request")'));
    const broken = (): Promise<never> =>
      Promise.reject(elsewhere('new TypeError("fetch failed", { cause: new Error("the file is gone") })'));
    const options = { failfast, threshold: 1 };
    await failfastFetch({ ...options, name: "header", fetch: refusing as never })("http://localhost/", {
      headers: { "no header": "x" },
    }).catch(() => undefined);
    const upload = new Request("http://localhost/", { method: "POST", body: "x" });
    await failfastFetch({ ...options, name: "upload", fetch: broken as never })(upload).catch(
      () => undefined,
    );
    expect([...failfast.circuits()].map(({ name, state }) => [name, state])).toEqual([
      ["header", "closed"],
      ["upload", "closed"],
    ]);
  });
});
