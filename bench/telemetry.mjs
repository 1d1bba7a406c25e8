// What telemetry costs a call: the bare call, a circuit with nobody listening, and with each listener attached.
// node bench/telemetry.mjs
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { createFailfast } from "failfast";
import { logTo } from "failfast/log";
import { openTelemetryMetrics, openTelemetrySpanEvents } from "failfast/opentelemetry";
import { prometheusMetrics } from "failfast/prometheus";

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}
const meter = () => new MeterProvider({ readers: [new Reader()] }).getMeter("failfast");
const logger = { info() {}, warn() {} };
const listeners = {
  nobody: () => {},
  logTo: (failfast) => logTo(failfast, logger),
  "span events": (failfast) => openTelemetrySpanEvents(failfast, { getActiveSpan: () => undefined }),
  "Prometheus, no durations": (failfast) => prometheusMetrics(failfast, { buckets: false }),
  Prometheus: (failfast) => prometheusMetrics(failfast),
  "OpenTelemetry, no durations": (failfast) => openTelemetryMetrics(failfast, meter(), { durations: false }),
  OpenTelemetry: (failfast) => openTelemetryMetrics(failfast, meter()),
};

const bare = async (n) => n + 1;
const CALLS = 30_000;
const ROUNDS = 25;
async function time(call) {
  const began = process.hrtime.bigint();
  for (let n = 0; n < CALLS; n++) await call(n);
  return Number(process.hrtime.bigint() - began) / CALLS;
}
async function timeRejections(call) {
  const began = process.hrtime.bigint();
  for (let n = 0; n < CALLS; n++) {
    try {
      await call(n);
    } catch {}
  }
  return Number(process.hrtime.bigint() - began) / CALLS;
}
/** The best round: the others were disturbed by other load on the machine. */
const best = (times) => Math.min(...times);

const closed = { "the bare call": bare };
const open = {};
for (const [name, attach] of Object.entries(listeners)) {
  for (const [which, trip] of [
    [closed, false],
    [open, true],
  ]) {
    const failfast = createFailfast();
    const circuit = failfast("x", "1h");
    attach(failfast);
    if (trip) await circuit.trip();
    which[name] = circuit(async (n) => n + 1);
  }
}
// Round by round, so that other load on the machine affects all of them.
for (const [title, calls, timed] of [
  ["closed, async: ns for a call", closed, time],
  ["open, rejected: ns for a call", open, timeRejections],
]) {
  const times = Object.fromEntries(Object.keys(calls).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, call] of Object.entries(calls)) times[name].push(await timed(call));
  console.log(`\n${title}`);
  for (const [name, each] of Object.entries(times))
    console.log(`${name.padEnd(30)}${best(each).toFixed(0).padStart(8)}`);
}
