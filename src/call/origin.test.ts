import { describe, expect, test } from "vitest";
import { TimeoutError } from "../errors/timeout-error.js";
import { originOf } from "./origin.js";

const coded = (code: string): Error => Object.assign(new Error(code), { code });
/** As Node's `net` creates it: the AggregateError has its first error's code. */
const several = (...codes: string[]): Error =>
  Object.assign(new AggregateError(codes.map(coded)), { code: codes[0] });

describe("the origin of a failure", () => {
  test("is the backend by default", () => {
    for (const error of [coded("ECONNREFUSED"), new Error("x"), "text", undefined, null, { code: 5 }])
      expect(originOf(error)).toBe("backend");
  });

  test("is this host for an error of this host, whatever wraps it", () => {
    expect(originOf(coded("ENOTFOUND"))).toBe("host");
    expect(originOf(new TypeError("fetch failed", { cause: coded("EMFILE") }))).toBe("host");
  });

  test("is a time-out by the error's name or code", () => {
    expect(originOf(new TimeoutError())).toBe("time");
    expect(originOf(new DOMException("late", "TimeoutError"))).toBe("time");
    expect(originOf(new TypeError("fetch failed", { cause: coded("UND_ERR_HEADERS_TIMEOUT") }))).toBe("time");
    expect(originOf(coded("REQUEST_TIMEOUT"))).toBe("time");
    expect(originOf(Object.assign(new Error("late"), { code: -32_001 }))).toBe("time");
  });

  test("of several addresses is this host only if all of them failed here", () => {
    expect(originOf(several("ENETUNREACH", "ECONNREFUSED"))).toBe("backend");
    expect(originOf(several("ENETUNREACH", "ENETUNREACH"))).toBe("host");
    expect(originOf(new TypeError("fetch failed", { cause: several("ENETUNREACH", "ECONNRESET") }))).toBe(
      "backend",
    );
  });

  test("of several addresses is a time-out if those that this host could reach did not answer", () => {
    expect(originOf(several("ENETUNREACH", "ETIMEDOUT"))).toBe("time");
    expect(originOf(several("ETIMEDOUT", "ETIMEDOUT"))).toBe("time");
    expect(originOf(several("ETIMEDOUT", "ECONNREFUSED"))).toBe("backend");
  });

  test("is this host if its own pool had no free connection", () => {
    const named = (name: string): Error => Object.assign(new Error("x"), { name });
    for (const error of [
      new Error("timeout exceeded when trying to connect"),
      new Error("Queue limit reached."),
      coded("P2024"),
      named("KnexTimeoutError"),
      named("MongoWaitQueueTimeoutError"),
    ])
      expect(originOf(new Error("query failed", { cause: error }))).toBe("host");
    expect(originOf(new Error("Connection terminated due to connection timeout"))).toBe("backend");
  });

  test("is this host if it has closed its own client, as at a shutdown", () => {
    for (const error of [
      new Error("Cannot use a pool after calling end on the pool"),
      new Error("Connection terminated"),
      new Error("The client is closed"),
      coded("CONNECTION_DESTROYED"),
      Object.assign(new Error("x"), { name: "MongoTopologyClosedError" }),
      new TypeError("fetch failed", { cause: coded("UND_ERR_DESTROYED") }),
    ])
      expect(originOf(error)).toBe("host");
    // The server did it.
    for (const error of [new Error("Connection terminated unexpectedly"), coded("CONNECTION_CLOSED")])
      expect(originOf(error)).toBe("backend");
  });
});
