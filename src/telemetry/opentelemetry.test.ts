import { metrics } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { afterEach, describe, expect, test } from "vitest";
import { createFailfast } from "../index.js";
import { openTelemetryMetrics } from "./opentelemetry.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  metrics.disable();
});

/** A provider of the SDK's, and what it has of our counter of calls: attributes and values. */
function provider() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const made = new MeterProvider({ readers: [reader] });
  ends.push(() => made.shutdown());
  const read = async (name: string): Promise<[Record<string, unknown>, unknown][]> => {
    exporter.reset();
    await reader.forceFlush();
    return exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) => dataPoints.map(({ attributes, value }) => [attributes, value] as const))
      .map(([attributes, value]) => [attributes, value]);
  };
  /** Of each outcome, over all circuits. */
  const calls = async (): Promise<Record<string, number>> => {
    const sums: Record<string, number> = {};
    for (const [{ outcome }, value] of await read("failfast.circuit.calls"))
      sums[String(outcome)] = (sums[String(outcome)] ?? 0) + Number(value);
    return sums;
  };
  return { provider: made, read, calls };
}

function warnings(): string[] {
  const said: string[] = [];
  const hear = (warning: Error & { code?: string }): void => {
    if (warning.code === "FAILFAST_NO_METER") said.push(warning.message);
  };
  process.on("warning", hear);
  ends.push(() => process.off("warning", hear));
  return said;
}

describe("an SDK that is registered after failfast", () => {
  test("gets every call since failfast began, if failfast was given `metrics`", async () => {
    const failfast = createFailfast();
    const said = warnings();
    const subscription = openTelemetryMetrics(failfast, metrics);
    ends.push(() => subscription.dispose());
    await failfast("sales_api", 60).run(() => 1);
    const late = provider();
    metrics.setGlobalMeterProvider(late.provider);
    await expect.poll(late.calls).toEqual({ success: 1, failure: 0, rejected: 0 });
    await failfast("sales_api").run(() => 1);
    expect(await late.calls()).toMatchObject({ success: 2 });
    expect(await late.read("failfast.circuit.call.duration")).toHaveLength(1);
    expect(said).toEqual([]);
  });

  test("gets nothing from a meter that was taken before, which is said once", async () => {
    const failfast = createFailfast();
    const said = warnings();
    const subscription = openTelemetryMetrics(failfast, metrics.getMeter("failfast"));
    ends.push(() => subscription.dispose());
    await expect.poll(() => said).toEqual([expect.stringMatching(/will never record.*Give it `metrics`/)]);
    await failfast("sales_api", 60).run(() => 1);
    expect(said).toHaveLength(1);
  });

  test("and is registered after the end gets nothing", async () => {
    const failfast = createFailfast();
    openTelemetryMetrics(failfast, metrics).dispose();
    await failfast("sales_api", 60).run(() => 1);
    const late = provider();
    metrics.setGlobalMeterProvider(late.provider);
    const other = createFailfast();
    const subscription = openTelemetryMetrics(other, metrics);
    ends.push(() => subscription.dispose());
    await other("other", 60).run(() => 1);
    await expect.poll(late.calls).toEqual({ success: 1, failure: 0, rejected: 0 });
  });
});

test("two providers in one process each get everything, and one may end without the other", async () => {
  const failfast = createFailfast();
  const [one, two] = [provider(), provider()];
  const first = openTelemetryMetrics(failfast, one.provider.getMeter("failfast"));
  const second = openTelemetryMetrics(failfast, two.provider);
  ends.push(() => second.dispose());
  await failfast("sales_api", 60).run(() => 1);
  expect([await one.calls(), await two.calls()]).toMatchObject([{ success: 1 }, { success: 1 }]);
  first.dispose();
  await failfast("sales_api").run(() => 1);
  expect(await two.calls()).toMatchObject({ success: 2 });
  expect(await two.read("failfast.circuit.call.duration")).toMatchObject([[{}, { count: 2 }]]);
});

test("thousands of names: every call is counted, in no more series than an SDK takes", async () => {
  const failfast = createFailfast();
  const { provider: its, read, calls } = provider();
  const subscription = openTelemetryMetrics(failfast, its);
  ends.push(() => subscription.dispose());
  const circuits = failfast((host: string) => `api:${host}`, 60);
  const call = circuits(async (_host: string) => 1);
  for (let host = 0; host < 3_000; host++) await call(`host-${host}`);
  expect(await calls()).toEqual({ success: 3_000, failure: 0, rejected: 0 });
  for (const name of ["failfast.circuit.calls", "failfast.circuit.state", "failfast.circuit.call.duration"]) {
    const points = await read(name);
    expect(points.length).toBeLessThan(600);
    expect(points.filter(([attributes]) => "otel.metric.overflow" in attributes)).toEqual([]);
  }
});
