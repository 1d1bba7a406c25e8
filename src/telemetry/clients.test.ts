import { context, metrics, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import pino from "pino";
import { AggregatorRegistry, Counter, Registry } from "prom-client";
import { afterEach, describe, expect, test } from "vitest";
import { createFailfast, memoryStore } from "../index.js";
import { manualClock } from "../testing/index.js";
import { fail, quietly } from "./fleet.fixture.js";
import { logTo } from "./log.js";
import { openTelemetryMetrics, openTelemetrySpanEvents, timedStore } from "./opentelemetry.js";
import { prometheusMetrics } from "./prometheus.js";

describe("through prom-client", () => {
  test("metrics are in its registry beside others, in both of its formats", async () => {
    const failfast = createFailfast();
    const circuit = failfast("sales_api", 60);
    const registry = new Registry();
    new Counter({ name: "own_total", help: "Of the application.", registers: [registry] }).inc();
    const ours = prometheusMetrics(failfast);
    ours.register(registry);
    await circuit.run(() => 1);
    await quietly(circuit.run(fail));
    const plain = await registry.metrics();
    expect(plain).toContain("own_total 1");
    const lines = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("failfast_"));
    expect(lines(plain)).toEqual(lines(ours.text()));
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    const open = await registry.metrics();
    expect(open).toContain('failfast_circuit_calls_total{name="sales_api",outcome="success"} 1');
    expect(open).toMatch(/# EOF\n$/);
    expect(() => ours.register(registry)).toThrow("already been registered");
  });

  test("metrics leave the registry on disposal, as when a module is loaded again", async () => {
    const registry = new Registry();
    for (let round = 0; round < 2; round++) {
      const ours = prometheusMetrics(createFailfast());
      ours.register(registry);
      expect(await registry.metrics()).toContain("failfast_store_degraded 0");
      ours.dispose();
      expect(await registry.getMetricsAsJSON()).toEqual([]);
    }
  });

  test("register() adds all metrics to each of several registries, or none", async () => {
    const [one, two, taken] = [new Registry(), new Registry(), new Registry()];
    new Counter({ name: "failfast_store_degraded", help: "Of another.", registers: [taken] });
    const ours = prometheusMetrics(createFailfast());
    for (const registry of [one, two]) ours.register(registry);
    expect(() => ours.register(taken)).toThrow("failfast_store_degraded has already been registered");
    expect((await taken.getMetricsAsJSON()).map(({ name }) => name)).toEqual(["failfast_store_degraded"]);
    expect(await two.metrics()).toBe(await one.metrics());
    ours.dispose();
    expect([await one.metrics(), await two.metrics()].join("").trim()).toBe("");
    expect(await taken.metrics()).toContain("failfast_store_degraded 0");
  });

  test("metrics of cluster workers add up for calls, and the state is the fleet's", async () => {
    const worker = async (): Promise<object[]> => {
      const failfast = createFailfast();
      const registry = new Registry();
      prometheusMetrics(failfast).register(registry);
      await quietly(failfast("sales_api", 60).run(fail));
      return (await registry.getMetricsAsJSON()) as object[];
    };
    const together = await AggregatorRegistry.aggregate([await worker(), await worker()]).metrics();
    expect(together).toContain('failfast_circuit_calls_total{name="sales_api",outcome="failure"} 2');
    expect(together).toContain('failfast_circuit_state{name="sales_api",state="open"} 1');
    expect(together).toMatch(/failfast_circuit_call_duration_seconds_count\{name="sales_api"\} 2/);
  });
});

describe("through OpenTelemetry", () => {
  afterEach(() => {
    context.disable();
    metrics.disable();
  });

  test("metrics have the names, units and attributes of docs/telemetry.md", async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    const store = timedStore(memoryStore(), "memory");
    const failfast = createFailfast({ store });
    const ends = openTelemetryMetrics(failfast, provider.getMeter("failfast"), { store });
    const circuit = failfast("sales_api", 60);
    await circuit.run(() => 1);
    await quietly(circuit.run(fail));
    await quietly(circuit.run(fail));
    await reader.forceFlush();
    const found = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    const of = (name: string): { unit: string; points: [object, unknown][] } => {
      const metric = found.find(({ descriptor }) => descriptor.name === name);
      if (metric === undefined) throw new Error(`no metric ${name}`);
      const points = metric.dataPoints.map(({ attributes, value }): [object, unknown] => [
        attributes,
        metric.dataPointType === DataPointType.HISTOGRAM ? (value as { count: number }).count : value,
      ]);
      return { unit: metric.descriptor.unit, points };
    };
    const named = { "failfast.circuit.name": "sales_api" };
    expect(of("failfast.circuit.calls")).toEqual({
      unit: "{call}",
      points: [
        [{ ...named, outcome: "success" }, 1],
        [{ ...named, outcome: "failure" }, 1],
        [{ ...named, outcome: "rejected" }, 1],
      ],
    });
    expect(of("failfast.circuit.call.duration")).toEqual({ unit: "s", points: [[named, 2]] });
    expect(of("failfast.circuit.state").points.filter(([, value]) => value === 1)).toEqual([
      [{ ...named, "failfast.circuit.state": "open" }, 1],
    ]);
    expect(of("failfast.circuit.transitions")).toEqual({
      unit: "{transition}",
      points: [[{ ...named, from: "closed", to: "open", local: true }, 1]],
    });
    const operations = of("failfast.store.operation.duration");
    expect(operations.unit).toBe("s");
    expect(operations.points.map(([attributes]) => attributes)).toContainEqual({
      store: "memory",
      operation: "swap",
    });
    expect(of("failfast.store.degraded")).toEqual({ unit: "1", points: [[{}, 0]] });
    ends.dispose();
    exporter.reset();
    await circuit.run(fail).catch(() => undefined);
    await provider.shutdown();
  });

  test("a span shows that its call was rejected, and that it opened the circuit", async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    const tracer = provider.getTracer("test");
    const failfast = createFailfast({ clock: manualClock() });
    const ends = openTelemetrySpanEvents(failfast, trace);
    const circuit = failfast("sales_api", 60);
    const traced = (name: string): Promise<void> =>
      context.with(context.active(), async () => {
        const span = tracer.startSpan(name);
        await context.with(trace.setSpan(context.active(), span), () => quietly(circuit.run(fail)));
        span.end();
      });
    await traced("first");
    await traced("second");
    ends.dispose();
    await traced("third");
    const named = { "failfast.circuit.name": "sales_api", "failfast.circuit.state": "open" };
    const events = exporter
      .getFinishedSpans()
      .map(({ name, events }) => [name, events.map((event) => [event.name, event.attributes])]);
    expect(events).toEqual([
      ["first", [["failfast.circuit.transition", { ...named, "failfast.circuit.reason": "TypeError" }]]],
      ["second", [["failfast.circuit.rejected", { ...named, "failfast.circuit.retry_after": 60 }]]],
      ["third", []],
    ]);
  });
});

describe("through pino", () => {
  test("a transition is one line, with the failure as pino shows errors", async () => {
    const written: Record<string, unknown>[] = [];
    const log = pino({ base: null }, { write: (line: string) => void written.push(JSON.parse(line)) });
    const failfast = createFailfast({ host: "here", clock: manualClock() });
    logTo(failfast, log);
    const circuit = failfast("sales_api", 60);
    for (let call = 0; call < 3; call++) await quietly(circuit.run(fail));
    expect(written).toHaveLength(1);
    expect(written[0]).toMatchObject({
      level: 40,
      circuit: "sales_api",
      state: "open",
      local: true,
      reason: "TypeError",
      err: { type: "TypeError", message: "the backend is down" },
      msg: expect.stringContaining(`circuit "sales_api" opened for 60 s by "here/${process.pid}`),
    });
  });
});
