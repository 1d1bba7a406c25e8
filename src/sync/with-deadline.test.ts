import { describe, expect, test } from "vitest";
import { StoreAnswerError, StoreTimeoutError } from "../errors/store-errors.js";
import type { Awaitable } from "../options/store.js";
import { type ManualClock, manualClock } from "../testing/manual-clock.js";
import { deferred } from "./replica.fixture.js";
import { isThenable, type Outcome, withDeadline } from "./with-deadline.js";

const DEADLINE = 250;

interface Asked {
  readonly time: ManualClock;
  readonly done: Outcome<string>[];
  readonly late: Outcome<string>[];
}

function ask(work: () => Awaitable<string>): Asked {
  const asked: Asked = { time: manualClock(), done: [], late: [] };
  withDeadline(
    asked.time,
    DEADLINE,
    work,
    (outcome) => void asked.done.push(outcome),
    (outcome) => void asked.late.push(outcome),
  );
  return asked;
}

const timedOut = { ok: false, error: new StoreTimeoutError(DEADLINE), hangs: true };
const refused = new Error("refused");

describe("a store operation under a deadline", () => {
  test("that returns or throws synchronously settles at once", () => {
    expect(ask(() => "here").done).toEqual([{ ok: true, value: "here" }]);
    const { done } = ask(() => {
      throw refused;
    });
    expect(done).toEqual([{ ok: false, error: refused }]);
  });

  test("that settles in time cancels the deadline", async () => {
    for (const [settle, outcome] of [
      ["resolve", { ok: true, value: "here" }],
      ["reject", { ok: false, error: refused }],
    ] as const) {
      const answer = deferred<string>();
      const { time, done, late } = ask(() => answer.promise);
      await time.advance(DEADLINE - 1);
      expect(done).toEqual([]);
      if (settle === "resolve") answer.resolve("here");
      else answer.reject(refused);
      await time.advance(0);
      expect(done).toEqual([outcome]);
      expect(time.pending).toBe(0);
      await time.advance(DEADLINE);
      expect(done).toHaveLength(1);
      expect(late).toEqual([]);
    }
  });

  test("that settles after the deadline is reported apart", async () => {
    for (const settle of ["resolve", "reject"] as const) {
      const answer = deferred<string>();
      const { time, done, late } = ask(() => answer.promise);
      await time.advance(DEADLINE);
      expect(done).toEqual([timedOut]);
      expect(late).toEqual([]);
      if (settle === "resolve") answer.resolve("here");
      else answer.reject(refused);
      await time.advance(0);
      expect(done).toHaveLength(1);
      expect(late).toEqual([
        settle === "resolve" ? { ok: true, value: "here" } : { ok: false, error: refused },
      ]);
    }
  });

  test("that settles after the deadline is ignored if nobody asked for late answers", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const time = manualClock();
    const answer = deferred<string>();
    withDeadline(
      time,
      DEADLINE,
      () => answer.promise,
      () => undefined,
    );
    await time.advance(DEADLINE);
    answer.resolve("here");
    await time.advance(0);
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  test("may return any object or function with then", async () => {
    const answer = Object.assign(() => undefined, {
      // biome-ignore lint/suspicious/noThenProperty: what a client's library may return
      then: (resolve: (value: string) => void) => resolve("here"),
    }) as unknown as PromiseLike<string>;
    const { time, done } = ask(() => answer);
    await time.advance(0);
    expect(done).toEqual([{ ok: true, value: "here" }]);
  });
});

test.each([
  ["null", null],
  ["nothing", undefined],
  ["a string", "then"],
  ["an object without then", {}],
  // biome-ignore lint/suspicious/noThenProperty: just this is the case
  ["an object whose then is no function", { then: true }],
  ["a function", () => undefined],
])("treats %s as a value", (_, value) => {
  expect(isThenable(value)).toBe(false);
});

test("treats a string as a value, even if strings have been given a then", () => {
  // biome-ignore lint/suspicious/noThenProperty: just this is the case
  Object.defineProperty(String.prototype, "then", { value: () => undefined, configurable: true });
  try {
    expect(isThenable("a record")).toBe(false);
  } finally {
    Reflect.deleteProperty(String.prototype, "then");
  }
});

test("has errors that say which operation failed", () => {
  const timeout = new StoreTimeoutError(250);
  expect(timeout).toMatchObject({ name: "StoreTimeoutError", code: "ERR_FAILFAST_STORE_TIMEOUT" });
  expect(timeout.message).toBe(
    "the store did not answer within 250 ms; calls go on with what this process knows",
  );
  expect(new StoreAnswerError("odd")).toMatchObject({
    name: "StoreAnswerError",
    code: "ERR_FAILFAST_STORE_ANSWER",
    message: "odd",
  });
});
