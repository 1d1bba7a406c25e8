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

describe("a store that is asked under a deadline", () => {
  test("and answers without a promise, or throws: that is taken at once", () => {
    expect(ask(() => "here").done).toEqual([{ ok: true, value: "here" }]);
    const { done } = ask(() => {
      throw refused;
    });
    expect(done).toEqual([{ ok: false, error: refused }]);
  });

  test("an answer or an error in time is taken, and the deadline is called off", async () => {
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

  test("what comes after the deadline is an outcome of its own", async () => {
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

  test("where nobody asked for what comes late, it is dropped", async () => {
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

  test("an answer with a then of its own is waited for, be it a function", async () => {
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
])("%s is no promise", (_, value) => {
  expect(isThenable(value)).toBe(false);
});

test("a string is none, even where somebody gave all strings a then", () => {
  // biome-ignore lint/suspicious/noThenProperty: just this is the case
  Object.defineProperty(String.prototype, "then", { value: () => undefined, configurable: true });
  try {
    expect(isThenable("a record")).toBe(false);
  } finally {
    Reflect.deleteProperty(String.prototype, "then");
  }
});

test("the errors say what they are", () => {
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
