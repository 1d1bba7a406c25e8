import type { Failfast, Subscription } from "../index.js";
import { checkKnown, checkMethods } from "../options/check-options.js";
import { CALL_BUCKETS, STORE_BUCKETS } from "./durations.js";
import {
  type Attributes,
  findMeter,
  type Observable,
  type Observer,
  type OpenTelemetryMeter,
  type OpenTelemetryMetricsApi,
} from "./meter.js";
import { type MetricsOptions, type Series, Tally } from "./tally.js";
import { STATES } from "./transitions.js";

export type { OpenTelemetryMeter, OpenTelemetryMetricsApi } from "./meter.js";
export type { MetricsOptions } from "./tally.js";
export { type StoreOperation, type TimedStore, timedStore } from "./timed-store.js";

/** The part of the `trace` of `@opentelemetry/api` that is used. */
export interface OpenTelemetryTrace {
  getActiveSpan(): { addEvent(name: string, attributes?: Attributes): unknown } | undefined;
}

/** The options of `openTelemetryMetrics`. */
export interface OpenTelemetryMetricsOptions extends MetricsOptions {
  /** Whether every call's duration is recorded, which costs most. Default: true. */
  readonly durations?: boolean;
}

const NAME = "failfast.circuit.name";
const STATE = "failfast.circuit.state";
const SHADOW = "failfast.circuit.shadow";

/** Circuits in `mode: "shadow"` reject no call, and are marked. */
const named = ({ label, shadow }: Series): Attributes =>
  shadow ? { [NAME]: label, [SHADOW]: true } : { [NAME]: label };

/**
 * Metrics of all the circuits of a `failfast`, from now on: `failfast.circuit.calls`,
 * `failfast.circuit.call.duration`, `failfast.circuit.state`, `failfast.circuit.calls.in_flight`,
 * `failfast.circuit.oldest_call`, `failfast.circuit.transitions`, `failfast.store.degraded`, and of a `timedStore` `failfast.store.operation.duration`.
 *
 * @param source `metrics` of `@opentelemetry/api`, or a meter of yours. `metrics` may come before its SDK: a provider that
 * is registered later is found within a minute. A meter taken before that never records; a process warning says so.
 *
 * @example
 * openTelemetryMetrics(failfast, metrics); // import { metrics } from "@opentelemetry/api"
 *
 * @returns a function that ends it.
 * @throws {TypeError} no failfast, no meter, or an unknown option.
 * @throws {RangeError} an invalid limit.
 */
export function openTelemetryMetrics(
  failfast: Pick<Failfast, "on" | "circuits">,
  source: OpenTelemetryMeter | OpenTelemetryMetricsApi,
  options: OpenTelemetryMetricsOptions = {},
): Subscription {
  checkMethods(failfast, ["on", "circuits"], "openTelemetryMetrics takes a failfast first");
  checkKnown(options, ["label", "maxLabels", "store", "durations"]);
  const api = typeof (source as Partial<OpenTelemetryMetricsApi> | undefined)?.getMeter === "function";
  checkMethods(
    source,
    api ? ["getMeter"] : ["createObservableCounter", "createObservableGauge"],
    "openTelemetryMetrics takes `metrics` of @opentelemetry/api second, or a meter",
  );
  const tally = new Tally(failfast, options);
  const ends: (() => void)[] = [];
  const detach = (): void => {
    for (const end of ends.splice(0)) end();
  };
  const stopLooking = findMeter(source, (meter) => {
    detach();
    recordDurations(meter, tally, options, ends);
    return observeTally(meter, tally, ends);
  });
  const dispose = (): void => {
    stopLooking();
    detach();
    tally.end();
  };
  return { dispose, [Symbol.dispose]: dispose };
}

/** Whether the meter records. One that doesn't has one instrument of each kind, whatever its name. */
function observeTally(meter: OpenTelemetryMeter, tally: Tally, ends: (() => void)[]): boolean {
  const observe = (instrument: Observable, callback: (result: Observer) => void): Observable => {
    instrument.addCallback(callback);
    ends.push(() => instrument.removeCallback(callback));
    return instrument;
  };
  const counter = (name: string, unit: string, description: string): Observable =>
    meter.createObservableCounter(name, { unit, description });
  const gauge = (name: string, unit: string, description: string): Observable =>
    meter.createObservableGauge(name, { unit, description });

  observe(counter("failfast.circuit.calls", "{call}", "Calls through circuits, by outcome."), (result) => {
    for (const series of tally.all())
      for (const [outcome, count] of Object.entries(series.calls))
        result.observe(count, { ...named(series), outcome });
  });
  const state = observe(
    gauge(
      "failfast.circuit.state",
      "1",
      "1 for the state a circuit is in, 0 for the others; the same in the whole fleet.",
    ),
    (result) => {
      for (const [series, found] of tally.states())
        for (const state of STATES)
          result.observe(found.has(state) ? 1 : 0, { ...named(series), [STATE]: state });
    },
  );
  observe(
    gauge(
      "failfast.circuit.calls.in_flight",
      "{call}",
      "Calls of this process that have not ended, streams until their first item.",
    ),
    (result) => {
      for (const [series, { calls }] of tally.inFlight()) result.observe(calls, named(series));
    },
  );
  observe(
    gauge(
      "failfast.circuit.oldest_call",
      "s",
      "For how long the oldest call in flight has been under way; 0 where there is none.",
    ),
    (result) => {
      for (const [series, { oldest }] of tally.inFlight()) result.observe(oldest, named(series));
    },
  );
  observe(
    counter(
      "failfast.circuit.transitions",
      "{transition}",
      "Changes of state that this process found out (local) or learned of from the fleet.",
    ),
    (result) => {
      for (const series of tally.all())
        for (const { from, to, local, count } of series.transitions.values())
          result.observe(count, { ...named(series), from, to, local });
    },
  );
  const degraded = observe(
    gauge("failfast.store.degraded", "1", "1 while a store doesn't answer, or answers what no store may."),
    (result) => result.observe(tally.degraded ? 1 : 0),
  );
  return state !== degraded;
}

function recordDurations(
  meter: OpenTelemetryMeter,
  tally: Tally,
  options: OpenTelemetryMetricsOptions,
  ends: (() => void)[],
): void {
  if (options.durations !== false) {
    const histogram = meter.createHistogram("failfast.circuit.call.duration", {
      unit: "s",
      description: "How long calls took that were made and not given up, streams apart.",
      advice: { explicitBucketBoundaries: [...CALL_BUCKETS] },
    });
    const attributesOf = new WeakMap<Series, Attributes>();
    tally.timed = (series, seconds) => {
      let attributes = attributesOf.get(series);
      if (attributes === undefined || (attributes[SHADOW] === true) !== series.shadow) {
        attributes = named(series);
        attributesOf.set(series, attributes);
      }
      histogram.record(seconds, attributes);
    };
  }
  if (options.store !== undefined) {
    const histogram = meter.createHistogram("failfast.store.operation.duration", {
      unit: "s",
      description: "How long the store's operations took, none of which a call waits for.",
      advice: { explicitBucketBoundaries: [...STORE_BUCKETS] },
    });
    const end = options.store.onOperation(({ store, operation, seconds, error }) =>
      histogram.record(seconds, { store, operation, ...(error === "" ? {} : { "error.type": error }) }),
    );
    ends.push(end);
  }
}

/**
 * Adds events to the span that a call runs in: `failfast.circuit.rejected` when it was rejected,
 * `failfast.circuit.transition` when it made its circuit open, be probed or close.
 *
 * @example
 * openTelemetrySpanEvents(failfast, trace); // import { trace } from "@opentelemetry/api"
 *
 * @returns a function that ends it.
 * @throws {TypeError} no failfast, or no `trace`.
 */
export function openTelemetrySpanEvents(
  failfast: Pick<Failfast, "on">,
  trace: OpenTelemetryTrace,
): Subscription {
  checkMethods(failfast, ["on"], "openTelemetrySpanEvents takes a failfast first");
  checkMethods(trace, ["getActiveSpan"], "openTelemetrySpanEvents takes trace of @opentelemetry/api second");
  const mark = (shadow: true | undefined): Attributes => (shadow ? { [SHADOW]: true } : {});
  const add = (event: string, circuit: string, state: string, more: Attributes = {}): void => {
    trace.getActiveSpan()?.addEvent(event, { [NAME]: circuit, [STATE]: state, ...more });
  };
  const rejected = failfast.on("reject", ({ circuit, error, shadow }) => {
    const { state, retryAfter } = error as Error & { state: string; retryAfter: number };
    const spelled = state === "half-open" ? "half_open" : state;
    add("failfast.circuit.rejected", circuit, spelled, {
      "failfast.circuit.retry_after": retryAfter,
      ...mark(shadow),
    });
  });
  const moved = (["open", "half-open", "close"] as const).map((event) =>
    failfast.on(event, ({ circuit, local, reason, shadow }) => {
      // A change learned from the fleet has nothing to do with the current span.
      if (!local) return;
      const state = event === "half-open" ? "half_open" : event === "close" ? "closed" : event;
      add("failfast.circuit.transition", circuit, state, {
        "failfast.circuit.reason": reason,
        ...mark(shadow),
      });
    }),
  );
  const dispose = (): void => {
    for (const subscription of [rejected, ...moved]) subscription.dispose();
  };
  return { dispose, [Symbol.dispose]: dispose };
}
