import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Circuit, createFailfast, type FailfastOptions, isFailfastError } from "../index.js";
import { manualClock } from "../testing/index.js";
import { pauseWhileOpen } from "./queue.js";

let clock: ReturnType<typeof manualClock>;
let failfast: ReturnType<typeof createFailfast>;
beforeEach(() => {
  clock = manualClock();
  failfast = createFailfast({ clock });
});
afterEach(() => failfast.close());

const circuitOf = (options: FailfastOptions = {}): Circuit =>
  failfast("sales_api", "10s", options) as Circuit;
const consumer = () => ({ pause: vi.fn(async () => undefined), resume: vi.fn(async () => undefined) });
const calls = ({ pause, resume }: ReturnType<typeof consumer>) => [
  pause.mock.calls.length,
  resume.mock.calls.length,
];
const turns = () => new Promise((resolve) => setImmediate(resolve));
const fail = (circuit: Circuit) =>
  circuit.run(() => Promise.reject(new Error("down"))).catch(() => undefined);

describe("pauseWhileOpen", () => {
  test("pauses when the circuit opens, resumes for a probe, and again when it closes", async () => {
    const circuit = circuitOf();
    const its = consumer();
    const paused = pauseWhileOpen(circuit, its);
    expect([paused.paused, calls(its)]).toEqual([false, [0, 0]]);
    await fail(circuit);
    await turns();
    expect([paused.paused, calls(its)]).toEqual([true, [1, 0]]);
    await clock.advance(9_000);
    expect(calls(its)).toEqual([1, 0]);
    await clock.advance(1_200);
    await turns();
    // One message is needed as the probe.
    expect([circuit.state, calls(its)]).toEqual(["half-open", [1, 1]]);
    let answer = (): void => undefined;
    const probe = circuit.run(() => new Promise<void>((resolve) => (answer = resolve)));
    await turns();
    expect([paused.paused, calls(its)]).toEqual([true, [2, 1]]);
    answer();
    await probe;
    await turns();
    expect([circuit.state, calls(its)]).toEqual(["closed", [2, 2]]);
  });

  test("stays paused through a probe that fails", async () => {
    const circuit = circuitOf();
    const its = consumer();
    pauseWhileOpen(circuit, its);
    await fail(circuit);
    await clock.advance(10_200);
    await fail(circuit);
    await turns();
    expect([circuit.state, calls(its)]).toEqual(["open", [2, 1]]);
  });

  test("pauses from the start if the circuit is open, and starts a consumer that does not run yet", async () => {
    const circuit = circuitOf();
    await circuit.trip();
    const its = consumer();
    pauseWhileOpen(circuit, its);
    await turns();
    expect(calls(its)).toEqual([1, 0]);
    const idle = { ...consumer(), running: false };
    pauseWhileOpen(circuit, idle);
    await turns();
    expect(calls(idle)).toEqual([0, 0]);
    await circuit.reset();
    await turns();
    expect([calls(its), calls(idle)]).toEqual([
      [1, 1],
      [0, 1],
    ]);
  });

  test("with a recovery check stays paused until the check has closed the circuit", async () => {
    let well = false;
    const circuit = circuitOf({ recovery: () => well });
    const its = consumer();
    pauseWhileOpen(circuit, its);
    await fail(circuit);
    await clock.advance(25_000);
    await turns();
    expect(calls(its)).toEqual([1, 0]);
    well = true;
    await clock.advance(25_000);
    await turns();
    expect([circuit.state, calls(its)]).toEqual(["closed", [1, 1]]);
  });

  test("follows an operator's hold, with an end and without", async () => {
    const circuit = circuitOf();
    const its = consumer();
    pauseWhileOpen(circuit, its);
    await circuit.hold("open");
    await clock.advance(1_000_000);
    await turns();
    expect(calls(its)).toEqual([1, 0]);
    await circuit.release();
    await turns();
    expect(calls(its)).toEqual([1, 1]);
    await fail(circuit);
    await circuit.hold("closed", { until: "30s" });
    await turns();
    expect(its.resume).toHaveBeenCalledTimes(2);
    await circuit.reset();
    await circuit.hold("open", { until: "30s" });
    await clock.advance(31_000);
    await turns();
    expect(circuit.state).toBe("closed");
    expect(its.resume).toHaveBeenCalledTimes(3);
  });

  test("does nothing for a disabled circuit or a shadow", async () => {
    const off = consumer();
    const circuit = failfast("off", "10s", { enabled: false }) as Circuit;
    pauseWhileOpen(circuit, off);
    await circuit.trip();
    const shadow = failfast("shadow", "10s", { mode: "shadow" }) as Circuit;
    const shadowed = consumer();
    pauseWhileOpen(shadow, shadowed);
    await fail(shadow);
    await turns();
    expect([calls(off), calls(shadowed)]).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test("retries pause and resume if they throw, and reports it", async () => {
    const circuit = circuitOf();
    const errors: unknown[] = [];
    const pause = vi
      .fn()
      .mockImplementationOnce(() => {
        throw new Error("at once");
      })
      .mockRejectedValueOnce(new Error("later"))
      .mockResolvedValue(undefined);
    const its = { pause, resume: vi.fn(), onError: (error: unknown) => errors.push(error) };
    pauseWhileOpen(circuit, its);
    await circuit.hold("open");
    await turns();
    await clock.advance(500);
    await turns();
    await clock.advance(1_000);
    await turns();
    expect(pause).toHaveBeenCalledTimes(3);
    expect(errors).toEqual([new Error("at once"), new Error("later")]);
    await circuit.release();
    await turns();
    expect(its.resume).toHaveBeenCalledTimes(1);
  });

  test("runs pause and resume one at a time, however fast the circuit changes, and ends with the circuit's last state", async () => {
    const circuit = circuitOf();
    let under = 0;
    const order: string[] = [];
    const slow = (name: string) => async () => {
      expect(++under).toBe(1);
      order.push(name);
      await turns();
      under--;
    };
    pauseWhileOpen(circuit, { pause: slow("pause"), resume: slow("resume") });
    for (let n = 0; n < 3; n++) {
      await circuit.trip();
      await circuit.reset();
    }
    for (let n = 0; n < 10; n++) await turns();
    expect(order.at(-1)).toBe("resume");
  });

  test("goes on if a pause never finishes", async () => {
    const circuit = circuitOf();
    const resume = vi.fn();
    pauseWhileOpen(circuit, { pause: () => new Promise(() => undefined), resume });
    await circuit.trip();
    await circuit.reset();
    await clock.advance(10_000);
    await turns();
    expect(resume).toHaveBeenCalledTimes(1);
  });

  test("keeps fetched messages waiting, and lets one of them be the probe while the consumer stays paused", async () => {
    const circuit = circuitOf();
    const its = consumer();
    const handled: string[] = [];
    let down = true;
    const send = circuit(async (message: string) => {
      if (down) throw new Error("down");
      handled.push(message);
    });
    const paused = pauseWhileOpen(circuit, its);
    const handle = paused.hold(send);
    await expect(handle("a")).rejects.toThrow("down");
    const waiting = ["b", "c", "d"].map((message) => handle(message));
    await turns();
    down = false;
    await clock.advance(10_500);
    await Promise.all(waiting);
    expect([handled.sort(), calls(its)]).toEqual([
      ["b", "c", "d"],
      [1, 1],
    ]);
  });

  test("keeps a waiting message alive, and stops waiting if it can't be kept", async () => {
    const circuit = circuitOf();
    const paused = pauseWhileOpen(circuit);
    const keep = vi.fn(async (message: string) => {
      if (message === "lost") throw new Error("given to another");
    });
    const handle = paused.hold(
      circuit(async (_message: string) => "done"),
      { keep, every: "1s" },
    );
    await circuit.hold("open");
    const lost = handle("lost").catch((error: unknown) => error);
    const kept = handle("kept");
    await turns();
    await clock.advance(1_000);
    expect(await lost).toEqual(new Error("given to another"));
    await clock.advance(1_000);
    await turns();
    await clock.advance(1_000);
    await turns();
    expect(keep.mock.calls.filter(([message]) => message === "kept").length).toBeGreaterThan(1);
    await circuit.release();
    expect(await kept).toBe("done");
  });

  test("does not hold back errors of calls, or rejections of other circuits", async () => {
    const circuit = circuitOf();
    const other = failfast("other", "10s") as Circuit;
    await other.trip();
    const paused = pauseWhileOpen(circuit);
    const error = await paused
      .hold(other(async () => 1))()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ circuit: "other" });
    await expect(paused.hold(async () => Promise.reject(new Error("its own")))()).rejects.toThrow("its own");
  });

  test("does nothing after close(), and releases those who wait", async () => {
    const circuit = circuitOf();
    const its = consumer();
    const paused = pauseWhileOpen(circuit, its);
    await circuit.trip();
    const held = paused
      .hold(circuit(async () => 1))()
      .catch(isFailfastError);
    const reader = paused.ready();
    await turns();
    await paused.close();
    expect([await held, await reader, await paused.ready()]).toEqual([true, false, false]);
    await circuit.reset();
    await turns();
    expect(calls(its)).toEqual([1, 0]);
  });

  test("lets a loop wait until it may ask for messages", async () => {
    const circuit = circuitOf();
    await using paused = pauseWhileOpen(circuit);
    expect(await paused.ready()).toBe(true);
    await circuit.trip();
    const ready = vi.fn();
    void paused.ready().then(ready);
    await turns();
    expect(ready).not.toHaveBeenCalled();
    await clock.advance(10_200);
    await turns();
    expect(ready).toHaveBeenCalledWith(true);
  });

  test("refuses anything but a circuit and a consumer", () => {
    expect(() => pauseWhileOpen({} as never)).toThrow("pauseWhileOpen takes a circuit first");
    expect(() => pauseWhileOpen(circuitOf(), { pause: 1 } as never)).toThrow(
      "pauseWhileOpen takes { pause, resume }",
    );
  });
});
