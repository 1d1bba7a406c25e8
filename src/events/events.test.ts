import diagnostics from "node:diagnostics_channel";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createFailfast, FailfastError } from "../index.js";

const unhandled: unknown[] = [];
const keep = (reason: unknown): number => unhandled.push(reason);

afterEach(() => {
  vi.restoreAllMocks();
  process.off("unhandledRejection", keep);
  process.off("uncaughtException", keep);
});

const fail = (): never => {
  throw new Error("boom");
};
/** Node reports unhandled rejections, and errors of subscribers, after the microtasks. */
const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a listener that fails", () => {
  test.each([
    ["async", async (): Promise<never> => fail()],
    ["sync", (): never => fail()],
  ])("%s, in every way of listening, causes no unhandled error", async (_, listener) => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    unhandled.length = 0;
    const listeners = {
      rejection: process.listeners("unhandledRejection"),
      error: process.listeners("uncaughtException"),
    };
    process.removeAllListeners("unhandledRejection").removeAllListeners("uncaughtException");
    process.on("unhandledRejection", keep).on("uncaughtException", keep);
    const failfast = createFailfast();
    const byHost = failfast((host: string) => `api:${host}`, 60);
    const circuit = failfast("x", 60);
    for (const source of [failfast, circuit, byHost, byHost.for("a")]) source.on("open", listener);
    diagnostics.subscribe("failfast:open", listener);
    await expect(byHost(async (_: string) => fail())("a")).rejects.toThrow("boom");
    await expect(circuit.run(fail)).rejects.toThrow("boom");
    await macrotask();
    diagnostics.unsubscribe("failfast:open", listener);
    await macrotask();
    process.off("unhandledRejection", keep).off("uncaughtException", keep);
    for (const each of listeners.rejection) process.on("unhandledRejection", each);
    for (const each of listeners.error) process.on("uncaughtException", each);
    expect(unhandled).toEqual([]);
    expect([circuit.state, byHost.for("a").state]).toEqual(["open", "open"]);
  });

  test("with a value that can't be printed does no harm", async () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const circuit = createFailfast()("x", 60);
    circuit.on("open", () => {
      throw Object.create(null);
    });
    await circuit.trip();
    expect(circuit.state).toBe("open");
  });
});

describe("a listener that acts", () => {
  test("gets the event it causes after every listener got the first one", async () => {
    const failfast = createFailfast();
    const circuit = failfast("x", 60);
    const guarded = circuit(fail);
    const heard: string[] = [];
    circuit.on("close", () => {
      expect(guarded).toThrow("boom");
    });
    failfast.on("close", () => heard.push("close"));
    failfast.on("open", ({ error }) => heard.push(`open: ${(error as Error | undefined)?.message}`));
    circuit.on("close", () => heard.push("close"));
    expect(guarded).toThrow("boom");
    await circuit.reset();
    expect(heard).toEqual(["open: boom", "close", "close", "open: boom"]);
    expect(circuit.state).toBe("open");
  });

  test("and causes its own event without end is stopped, and calls go on", async () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const circuit = createFailfast()("x", 60);
    const guarded = circuit((): number => 1);
    await circuit.trip();
    let told = 0;
    circuit.on("reject", () => {
      told++;
      guarded();
    });
    expect(guarded).toThrow(FailfastError);
    expect(guarded).toThrow(FailfastError);
    expect(told).toBeLessThan(10_000);
  });
});
