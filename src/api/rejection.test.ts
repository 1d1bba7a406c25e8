import { types } from "node:util";
import { describe, expect, test } from "vitest";
import { createFailfast, FailfastError, isFailfastError } from "../index.js";
import { manualClock } from "../testing/index.js";
import { rejection } from "./failfast.fixture.js";

describe("a FailfastError", () => {
  test("is a native error with the fields that web frameworks read, all of them writable", async () => {
    const circuit = createFailfast({ clock: manualClock() })("sales", 42);
    await circuit.trip();
    const error = (await rejection(() => circuit.run(() => 1))) as FailfastError;
    expect(types.isNativeError(error)).toBe(true);
    expect(error).toMatchObject({
      name: "FailfastError",
      code: "ERR_FAILFAST_OPEN",
      circuit: "sales",
      state: "open",
      retryAfter: 42,
      status: 503,
      statusCode: 503,
      expose: true,
      headers: { "Retry-After": "42" },
    });
    expect(error.message).toContain('"sales"');
    const response = error.toResponse() as Response;
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "42"]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ status: 503, circuit: "sales", retryAfter: 42 });
    for (const field of [
      "name",
      "code",
      "message",
      "circuit",
      "status",
      "headers",
      "expose",
      "cause",
      "retryAfter",
    ] as const) {
      (error as unknown as Record<string, unknown>)[field] = "assigned";
      expect(error[field]).toBe("assigned");
    }
  });

  test("is found behind causes, even if they form a cycle", () => {
    const error = new FailfastError({ circuit: "x", state: "open", retryAfterMs: 1 });
    expect(isFailfastError(new TypeError("fetch failed", { cause: error }))).toBe(true);
    const circle = new Error("a");
    circle.cause = circle;
    for (const other of [circle, undefined, null, "x", {}]) expect(isFailfastError(other)).toBe(false);
  });

  test("has stack frames only with stackTraces: true", async () => {
    const failfast = createFailfast();
    const plain = failfast("plain", 60);
    const traced = failfast("traced", 60, { stackTraces: true });
    await Promise.all([plain.trip(), traced.trip()]);
    const stackOf = async (circuit: typeof plain): Promise<unknown> =>
      ((await rejection(() => circuit.run(() => 1))) as Error).stack;
    // Loggers split it, and would fail on `undefined`.
    expect(await stackOf(plain)).toBe(
      'FailfastError: circuit "plain" is open; the call was not made, retry in 60 s',
    );
    expect(String(await stackOf(traced))).toContain("    at ");
    expect(new Error("others").stack).toContain("    at ");
  });
});
