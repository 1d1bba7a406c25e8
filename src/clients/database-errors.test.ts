import { expect, test } from "vitest";
import { verdictOf } from "./database-errors.js";

test("a list of errors: neither if nothing was sent at all, and a failure if something failed", () => {
  const rejection = Object.assign(new Error("circuit open"), { code: "ERR_FAILFAST_OPEN" });
  expect(verdictOf(new AggregateError([rejection, rejection]), false)).toBe("neither");
  expect(verdictOf(new AggregateError([rejection, new Error("down")]), false)).toBe("failure");
});

test.each([
  ["08P01", "bind message supplies 1 parameters, but prepared statement requires 2", "ERROR", "answer"],
  ["08P01", "invalid frontend message type 0", "FATAL", "failure"],
  ["XX000", "parse error - invalid geometry", "ERROR", "answer"],
  ["XX000", "could not open file", "FATAL", "failure"],
  ["XX000", "stuck spinlock", "PANIC", "failure"],
  ["XX001", "invalid page in block 1", "ERROR", "failure"],
])("PostgreSQL's %s, %s: %s", (code, message, severity, verdict) => {
  expect(verdictOf(Object.assign(new Error(message), { code, severity }), false)).toBe(verdict);
});
