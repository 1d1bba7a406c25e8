import { deserialize, serialize } from "node:v8";
import { MessageChannel } from "node:worker_threads";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  createFailfast,
  FailfastError,
  StoreAnswerError,
  StoreTimeoutError,
  TimeoutError,
} from "../index.js";
import { manualClock } from "../testing/index.js";
import { tenthsOfSeconds, wholeSeconds } from "./seconds.js";

afterEach(() => vi.restoreAllMocks());

async function rejectionOf(name: string, open: number): Promise<FailfastError> {
  const circuit = createFailfast({ clock: manualClock() })(name, open);
  await circuit.trip();
  return circuit
    .run(() => 1)
    .then(
      () => Promise.reject(new Error("it was not rejected")),
      (error: unknown) => error as FailfastError,
    );
}

const message = 'circuit "sales" is open; the call was not made, retry in 42 s';

describe("a rejection that is sent to another process or thread", () => {
  test("keeps its message in a structured clone", async () => {
    const error = await rejectionOf("sales", 42);
    expect(structuredClone(error).message).toBe(message);
    expect((deserialize(serialize(error)) as Error).message).toBe(message);
    const { port1, port2 } = new MessageChannel();
    const received = new Promise((resolve) => port2.once("message", resolve));
    port1.postMessage({ error });
    expect(((await received) as { error: Error }).error.message).toBe(message);
    port1.close();
  });

  test("keeps its fields in JSON, as process.send makes it", async () => {
    const error = await rejectionOf("sales", 42);
    expect(JSON.parse(JSON.stringify({ error }))).toEqual({
      error: {
        name: "FailfastError",
        code: "ERR_FAILFAST_OPEN",
        message,
        circuit: "sales",
        state: "open",
        retryAfter: 42,
        retryAfterMs: 42_000,
        status: 503,
      },
    });
  });

  test("has its own name and time, however many there are", async () => {
    const errors = [await rejectionOf("a", 60), await rejectionOf("b", 60), await rejectionOf("b", 59)];
    expect(errors.map((error) => error.message)).toEqual([
      expect.stringMatching(/"a" .* 60 s$/),
      expect.stringMatching(/"b" .* 60 s$/),
      expect.stringMatching(/"b" .* 59 s$/),
    ]);
  });
});

test("a rejection is one even if Error is frozen meanwhile", async () => {
  // It is noticed once, so this needs a copy of the library.
  vi.resetModules();
  const { createFailfast, FailfastError } = await import("../index.js");
  const circuit = createFailfast()("x", 60);
  await circuit.trip();
  const limit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit") as PropertyDescriptor;
  Object.defineProperty(Error, "stackTraceLimit", { ...limit, writable: false });
  try {
    await expect(circuit.run(() => 1)).rejects.toBeInstanceOf(FailfastError);
    await expect(circuit(async () => 1)()).rejects.toThrow(/"x" is open/);
  } finally {
    Object.defineProperty(Error, "stackTraceLimit", limit);
  }
});

test("a rejection needs no message of Error.prototype, which hardened programs freeze", () => {
  const before = Object.getOwnPropertyDescriptor(Error.prototype, "message") as PropertyDescriptor;
  Object.defineProperty(Error.prototype, "message", { ...before, writable: false });
  try {
    const error = new FailfastError({ circuit: "x", state: "open", retryAfterMs: 5_000 });
    expect(error.message).toMatch(/"x" is open/);
  } finally {
    Object.defineProperty(Error.prototype, "message", before);
  }
});

describe("a time-out", () => {
  test("keeps its message in JSON", async () => {
    const circuit = createFailfast()("x", 60, { callTimeout: "1ms" });
    const error = await circuit.run(() => new Promise(() => undefined)).catch((thrown: unknown) => thrown);
    expect(JSON.parse(JSON.stringify({ error }))).toEqual({
      error: {
        name: "TimeoutError",
        code: "ERR_FAILFAST_TIMEOUT",
        message: "the call took longer than 1 ms",
        waitedFor: "call",
        status: 504,
      },
    });
  });

  test("is answered with 504 by web frameworks", async () => {
    const error = new TimeoutError("the call took longer than 30 ms");
    expect(error).toMatchObject({ status: 504, statusCode: 504, expose: true });
    expect(error.extensions).toEqual({ code: "ERR_FAILFAST_TIMEOUT", http: { status: 504 } });
    const response = error.getResponse() as Response;
    expect([response.status, response.headers.get("content-type")]).toEqual([
      504,
      "application/problem+json",
    ]);
    expect(await response.json()).toMatchObject({ title: "Gateway Timeout", detail: error.message });
    error.status = 500;
    expect(error.status).toBe(500);
  });
});

describe("whole seconds", () => {
  test.each([
    [60_000.000_3, 60, 60],
    [4_951.327_426, 5, 5],
    [4_850, 5, 4.9],
    [1_201, 2, 1.2],
    [1, 1, 0.1],
    [0, 1, 0],
  ])("%d ms: %d whole, %d to a tenth", (ms, whole, tenths) => {
    expect([wholeSeconds(ms), tenthsOfSeconds(ms)]).toEqual([whole, tenths]);
  });

  test("are the same in a circuit, its rejection and its snapshot", async () => {
    const clock = manualClock();
    const circuit = createFailfast({ clock })("x", 60);
    await circuit.trip();
    await clock.advance(55_048.672_574);
    const error = (await circuit.run(() => 1).catch((thrown: unknown) => thrown)) as FailfastError;
    expect([circuit.retryAfter, circuit.snapshot().retryAfter, error.retryAfter]).toEqual([5, 5, 5]);
  });
});

test("an error of a store keeps its message in JSON", () => {
  for (const error of [new StoreTimeoutError(250), new StoreAnswerError("it is no text")]) {
    const { name, code, message } = error;
    expect(JSON.parse(JSON.stringify(error))).toEqual({ name, code, message });
  }
});
