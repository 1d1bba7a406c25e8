import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createFailfast,
  type Failfast,
  type FailfastError,
  type FailfastOptions,
  memoryStore,
  TimeoutError,
} from "../../src/index.js";
import { logTo } from "../../src/telemetry/log.js";
import { openTelemetryMetrics } from "../../src/telemetry/opentelemetry.js";
import { prometheusMetrics } from "../../src/telemetry/prometheus.js";
import { manualClock } from "../../src/testing/index.js";
import { alone } from "./alone.js";

const clock = manualClock();
const down = async (): Promise<never> => {
  throw new Error("down");
};
const make = (): Failfast => createFailfast({ clock, mode: "shadow" });
const tripped = async (failfast: Failfast): Promise<void> => {
  const circuit = failfast("sales_api", 60);
  await circuit.run(down).catch(() => undefined);
  expect(await circuit.run(async () => "served")).toBe("served");
};

describe("mode: shadow", () => {
  test("decides and reports, and rejects nothing", async () => {
    const { circuit, fail, succeed, failfast } = alone({ mode: "shadow" });
    const seen: string[] = [];
    for (const event of ["open", "reject"] as const) failfast.on(event, ({ type }) => seen.push(type));
    expect(await fail()).toBe("failed");
    expect(circuit.state).toBe("open");
    expect(await succeed()).toBe("ok");
    expect(await fail()).toBe("failed");
    expect(seen).toEqual(["open", "reject", "reject"]);
    expect(circuit(() => 7)()).toBe(7);
  });

  test("passes callTimeout and the caller's signal to the block while open", async () => {
    const { clock, circuit, fail } = alone({ mode: "shadow", callTimeout: "2s" });
    await fail();
    const caller = new AbortController();
    const blocks: AbortSignal[] = [];
    const hang = (options?: { signal: never }) =>
      circuit
        .run((given) => {
          blocks.push(given as AbortSignal);
          return new Promise(() => undefined);
        }, options)
        .catch((error: unknown) => error);
    const calls = [hang(), hang({ signal: caller.signal as never })];
    caller.abort(new Error("enough"));
    await clock.advance(2_100);
    const [late, given] = await Promise.all(calls);
    expect(late).toBeInstanceOf(TimeoutError);
    expect(given).toBe(caller.signal.reason);
    expect(blocks.map(({ reason }) => reason)).toEqual([late, given]);
  });

  test("closes by a probe, as if it had rejected the other calls", async () => {
    const { clock, circuit, fail, succeed } = alone({ mode: "shadow" });
    await fail();
    await clock.advance(60_000);
    expect(await succeed()).toBe("ok");
    expect(circuit.state).toBe("closed");
  });
});

describe('a circuit in mode: "shadow" is marked as such', () => {
  test("in its events, in the error, which no caller gets, and in its snapshot", async () => {
    const failfast = make();
    const told: object[] = [];
    for (const event of ["open", "reject", "failure", "success", "hold", "release"] as const)
      failfast.on(event, (said) => told.push(said));
    await tripped(failfast);
    const circuit = failfast("sales_api");
    await circuit.hold("open");
    expect(await circuit.run(async () => "served")).toBe("served");
    await circuit.release();
    expect(told.length).toBeGreaterThan(4);
    for (const said of told) expect(said).toMatchObject({ circuit: "sales_api", shadow: true });
    const { error } = told.find((said) => "type" in said && said.type === "reject") as {
      error: FailfastError;
    };
    expect(error.shadow).toBe(true);
    expect(error.message).toContain("shadow");
    expect(circuit.snapshot().shadow).toBe(true);
  });

  test("in its logs, which have no warning", async () => {
    const failfast = make();
    const lines: string[] = [];
    const warnings: string[] = [];
    logTo(failfast, {
      info: (fields, message) => void lines.push(`${message} ${JSON.stringify(fields)}`),
      warn: (_, message) => void warnings.push(message),
    });
    await tripped(failfast);
    expect(lines).toEqual([expect.stringMatching(/"sales_api", in shadow mode, opened .*"shadow":true/)]);
    expect(warnings).toEqual([]);
  });

  test("in each of its metrics", async () => {
    const failfast = make();
    const metrics = prometheusMetrics(failfast);
    const observed: object[] = [];
    const callbacks: ((result: { observe(value: number, attributes?: object): void }) => void)[] = [];
    const observable = () => ({
      addCallback: (callback: never) => void callbacks.push(callback),
      removeCallback: () => undefined,
    });
    openTelemetryMetrics(failfast, {
      createObservableCounter: observable,
      createObservableGauge: observable,
      createHistogram: () => ({ record: (_, attributes = {}) => void observed.push(attributes) }),
    });
    await tripped(failfast);
    for (const callback of callbacks)
      callback({ observe: (_, attributes = {}) => void observed.push(attributes) });
    const lines = metrics
      .text()
      .split("\n")
      .filter((line) => line.includes("sales_api"));
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) expect(line).toContain('name="sales_api",shadow="true"');
    const named = observed.filter((attributes) => "failfast.circuit.name" in attributes);
    expect(named.length).toBeGreaterThan(5);
    for (const attributes of named) expect(attributes).toMatchObject({ "failfast.circuit.shadow": true });
  });

  test("and a circuit that enforces is not", async () => {
    const failfast = createFailfast({ clock });
    const told: object[] = [];
    failfast.on("open", (said) => told.push(said));
    await failfast("sales_api", 60)
      .run(down)
      .catch(() => undefined);
    expect(told).toHaveLength(1);
    expect(told[0]).not.toHaveProperty("shadow");
    expect(prometheusMetrics(failfast).text()).not.toContain("shadow");
  });
});

test("a shadow changes no call of a circuit that enforces on the same store", async () => {
  const store = memoryStore({ clock });
  const shadow = createFailfast({ clock, store, mode: "shadow", host: "one" })("sales_api", 60);
  const enforcing = createFailfast({ clock, store, host: "two" })("sales_api", 60);
  await shadow.run(down).catch(() => undefined);
  expect(shadow.state).toBe("open");
  expect(await enforcing.run(async () => "served")).toBe("served");
  await enforcing.run(down).catch(() => undefined);
  await clock.advance(59_000);
  for (let n = 0; n < 3; n++) await shadow.run(async () => "served");
  await expect(enforcing.run(async () => "served")).rejects.toThrow("open");
  await clock.advance(2_000);
  await shadow.run(down).catch(() => undefined);
  expect(await enforcing.run(async () => "served")).toBe("served");
  expect(enforcing.state).toBe("closed");
});

test("retryAfter.from that returns a rejected promise causes no unhandled rejection", async () => {
  const rejections: unknown[] = [];
  const listen = (reason: unknown): void => void rejections.push(reason);
  process.on("unhandledRejection", listen);
  const circuit = createFailfast({ clock })("sales_api", 60, {
    retryAfter: { from: (async () => Promise.reject(new Error("not at once"))) as never },
  });
  await circuit.run(down).catch(() => undefined);
  await new Promise((turn) => setImmediate(turn));
  process.off("unhandledRejection", listen);
  expect([circuit.state, rejections]).toEqual(["open", []]);
});

test("mode: shadow has the states of a circuit that enforces, and rejects nothing", () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom<FailfastOptions>(
        {},
        { threshold: 3 },
        { failureRate: 0.5, minimumCalls: 3 },
        { probes: 2, backoff: { factor: 2 } },
        { recovery: "all" },
      ),
      fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 8_000 })), { maxLength: 40 }),
      async (options, calls) => {
        const twins = [alone(options, 10), alone({ ...options, mode: "shadow" }, 10)] as const;
        for (const [fails, ms] of calls) {
          for (const { clock, fail, succeed } of twins) {
            await clock.advance(ms);
            const end = await (fails ? fail() : succeed());
            if (clock === twins[1].clock) expect(end).toBe(fails ? "failed" : "ok");
          }
          expect(twins[1].circuit.state).toBe(twins[0].circuit.state);
        }
      },
    ),
    { numRuns: 60 },
  ));
