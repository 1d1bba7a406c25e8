import { describe, expect, test } from "vitest";
import { retryAfterOf } from "./retry-after.js";

const WALL = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT");
const asks = (failure: unknown): number | undefined => retryAfterOf(failure, WALL);
const said = (value: unknown): number | undefined => asks({ headers: { "retry-after": value } });

describe("the time that a failure asks for", () => {
  test.each([
    ["120", 120_000],
    [120, 120_000],
    [" 1.25 ", 1_250],
    ["0", 0],
    ["Wed, 21 Oct 2026 07:28:30 GMT", 30_000],
    ["Wed, 21 Oct 2026 07:27:30 GMT", 0],
    ["Wed Oct 21 07:28:30 2026 UTC+0000", 30_000],
    ["21 Oct 2026 07:28:30 GMT", 30_000],
    [["7", "9"], 7_000],
  ])("Retry-After: %s", (value, ms) => {
    expect(said(value)).toBe(ms);
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["the empty string", ""],
    ["a word", "soon"],
    ["a word with a colon", "ab:"],
    ["a longer word with a colon", "abc:"],
    ["a date without an hour", "21 Oct 2026"],
    ["a date in figures alone", "2026-10-21 07:28:30"],
    ["a date of another format", "2026-10-21T07:28:30Z"],
    ["a negative number", "-5"],
    ["a number and a unit", "5s"],
    ["a unit and a number", "s5"],
    ["two numbers", "1 2"],
    ["two points", "1.2.3"],
    ["a point and no figure", "1.x"],
    ["a number too long to be finite", "9".repeat(400)],
  ])("is nothing for %s", (_, value) => {
    expect(said(value)).toBeUndefined();
  });

  test.each([
    ["a server whose clock is ahead", { date: "Wed, 21 Oct 2026 07:38:00 GMT" }, 30_000],
    ["a server's own clock, to the second", { date: "Wed, 21 Oct 2026 07:38:29 GMT" }, 1_000],
    ["a cache", { date: "Wed, 21 Oct 2026 07:28:00 GMT", age: "600" }, 630_000],
    ["a date that is none", { date: "today" }, 630_000],
  ])("until a date is by the clock that sent it: %s", (_, headers, ms) => {
    const asked = { ...headers, "retry-after": "Wed, 21 Oct 2026 07:38:30 GMT" };
    expect(asks({ headers: asked })).toBe(ms);
    expect(asks({ headers: new Headers(asked) })).toBe(ms);
  });

  test("is taken from retry-after-ms first, in ms", () => {
    expect(asks({ headers: { "retry-after-ms": "1500.5", "retry-after": "9" } })).toBe(1_500.5);
    expect(asks({ headers: { "retry-after-ms": "0", "retry-after": "9" } })).toBe(0);
    expect(asks({ headers: { "retry-after-ms": "-1", "retry-after": "9" } })).toBe(9_000);
    expect(asks({ headers: { "retry-after-ms": "x", "retry-after": "9" } })).toBe(9_000);
  });

  test("is read from a Headers, a Map, or an object with headers in any case", () => {
    expect(asks({ headers: new Headers({ "Retry-After": "3" }) })).toBe(3_000);
    expect(asks({ headers: new Map([["retry-after", "3"]]) })).toBe(3_000);
    expect(asks({ headers: { "RETRY-After": "3" } })).toBe(3_000);
    expect(asks({ headers: { get: "no function", "Retry-After": "3" } })).toBe(3_000);
    expect(asks({ headers: { undefined: "3" } })).toBeUndefined();
  });

  test.each([["a string"], [null], [undefined], [7]])("is nothing if the headers are %s", (headers) => {
    expect(asks({ headers, retryAfter: 2 })).toBe(2_000);
  });

  test("is read from the failure's own headers, or its response's", () => {
    expect(asks({ response: { headers: { "retry-after": "4" } } })).toBe(4_000);
    expect(asks({ response: null, retryAfter: 2 })).toBe(2_000);
    expect(asks({ headers: { "retry-after": "1" }, response: { headers: { "retry-after": "4" } } })).toBe(
      1_000,
    );
  });

  test.each([
    [1.5, 1_500],
    [0, 0],
    [-1, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    ["3", undefined],
    [{ valueOf: (): number => 3 }, undefined],
  ])("retryAfter: %s", (retryAfter, ms) => {
    expect(asks({ retryAfter })).toBe(ms);
  });

  test("is read from a cause if the failure itself asks for nothing, to a depth of 32", () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? { retryAfter: 5 } : { message: "wrapped", cause: nested(depth - 1) };
    expect(asks(nested(1))).toBe(5_000);
    expect(asks(nested(31))).toBe(5_000);
    expect(asks(nested(32))).toBeUndefined();
    expect(asks({ retryAfter: 1, cause: { retryAfter: 5 } })).toBe(1_000);
  });

  test("is nothing for a cycle of causes", () => {
    const circle: { cause?: unknown } = {};
    circle.cause = circle;
    expect(asks(circle)).toBeUndefined();
  });

  test.each([[undefined], [null], ["text"], [5], [() => undefined]])("is nothing for %s", (failure) => {
    expect(asks(failure)).toBeUndefined();
    expect(asks({ cause: failure })).toBeUndefined();
  });

  test("is nothing for a value that is no object", () => {
    Object.defineProperty(String.prototype, "retryAfter", { value: 5, configurable: true });
    try {
      expect(asks("text")).toBeUndefined();
    } finally {
      Reflect.deleteProperty(String.prototype, "retryAfter");
    }
  });

  test("is nothing if reading it throws", () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error("hands off");
        },
      },
    );
    expect(asks(hostile)).toBeUndefined();
    expect(asks({ headers: hostile })).toBeUndefined();
  });
});
