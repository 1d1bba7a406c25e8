import diagnostics from "node:diagnostics_channel";
import { describe, expect, test } from "vitest";
import { createFailfast } from "../index.js";
import { manualClock } from "../testing/index.js";
import { boom, fail, rejection } from "./failfast.fixture.js";

describe("events", () => {
  test("reach the listeners of the circuit and of the failfast, and the diagnostics channel", async () => {
    const seen: string[] = [];
    const failfast = createFailfast();
    const circuit = failfast("x", 60);
    const listen = circuit.on("open", ({ reason }) => seen.push(`circuit ${reason}`));
    failfast.on("failure", ({ error }) => seen.push(`failfast ${String(error)}`));
    const subscriber = (message: unknown): unknown =>
      seen.push(`channel ${(message as { circuit: string }).circuit}`);
    diagnostics.subscribe("failfast:open", subscriber);
    await rejection(() => circuit.run(fail));
    diagnostics.unsubscribe("failfast:open", subscriber);
    expect(seen).toEqual(["failfast Error: boom", "circuit Error", "channel x"]);
    listen.dispose();
    await circuit.reset();
    await rejection(() => circuit.run(fail));
    expect(seen).toHaveLength(4);
  });

  test("of the store's health reach the listeners of its circuits", async () => {
    const down = (): never => {
      throw boom;
    };
    const circuit = createFailfast({ store: { get: down, set: down, delete: down } })("x", 60);
    const heard: unknown[] = [];
    circuit.on("store-down", ({ error }) => heard.push(error));
    await rejection(() => circuit.run(fail));
    expect(heard).toEqual([boom]);
  });

  test("named success begin with the first listener, and a listener that throws breaks nothing", async () => {
    let heard = 0;
    const circuit = createFailfast()("x", 60);
    await circuit.run(() => 1);
    circuit.on("success", () => {
      heard++;
      throw new Error("of the listener");
    });
    expect(await circuit.run(() => 2)).toBe(2);
    expect(heard).toBe(1);
    expect(() => circuit.on("opened" as never, () => undefined)).toThrow(/there is no event "opened"/);
  });

  test("have the duration of a call while somebody listens to success", async () => {
    const clock = manualClock();
    const circuit = createFailfast({ clock, results: (value: string) => value === "bad" })("x", 60, {
      threshold: 9,
      callTimeout: "40ms",
    });
    const seen: unknown[] = [];
    const after = (ms: number, end: () => unknown): Promise<unknown> =>
      circuit.run(() => new Promise((resolve) => clock.after(ms, () => resolve(end()))));
    const take = async (ms: number, end: () => unknown): Promise<unknown> => {
      const call = after(ms, end).catch(() => undefined);
      await clock.advance(ms);
      return call;
    };
    circuit.on("failure", ({ durationMs }) => seen.push(["failure", durationMs]));
    await take(10, () => fail());
    const subscription = circuit.on("success", ({ durationMs }) => seen.push(["success", durationMs]));
    await take(10, () => "good");
    await take(20, () => "bad");
    await take(30, () => fail());
    await take(50, () => "too late");
    subscription.dispose();
    await take(10, () => "bad");
    expect(seen).toEqual([
      ["failure", undefined],
      ["success", 10],
      ["failure", 20],
      ["failure", 30],
      ["failure", 40],
      ["failure", undefined],
    ]);
  });
});
