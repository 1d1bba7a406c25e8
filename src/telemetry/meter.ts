import { warn } from "../runtime/platform.js";
import { systemClock } from "../runtime/system-clock.js";

export type Attributes = Record<string, string | number | boolean>;

export interface Observer {
  observe(value: number, attributes?: Attributes): void;
}

export interface Observable {
  addCallback(callback: (result: Observer) => void): void;
  removeCallback(callback: (result: Observer) => void): void;
}

interface InstrumentOptions {
  description: string;
  unit: string;
  advice?: { explicitBucketBoundaries: number[] };
}

/** The part of a `Meter` of `@opentelemetry/api` that is used. */
export interface OpenTelemetryMeter {
  createObservableCounter(name: string, options: InstrumentOptions): Observable;
  createObservableGauge(name: string, options: InstrumentOptions): Observable;
  createHistogram(
    name: string,
    options: InstrumentOptions,
  ): { record(value: number, attributes?: Attributes): void };
}

/** The part of the `metrics` of `@opentelemetry/api` that is used. */
export interface OpenTelemetryMetricsApi {
  getMeter(name: string): OpenTelemetryMeter;
}

/** A provider is looked for until there is one. Between two looks, in ms: twice as long after each. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 60_000;

const NEVER_RECORDS =
  "openTelemetryMetrics() was given a meter that will never record, since no MeterProvider was registered when it was " +
  "made. Give it `metrics` of @opentelemetry/api in place of metrics.getMeter(…)";

/**
 * Passes on the meter, or the one that the API gives. `take` says whether it records. A meter from before its provider
 * never does, so the API is asked again for another.
 *
 * @returns a function that ends the search.
 */
export function findMeter(
  source: OpenTelemetryMeter | OpenTelemetryMetricsApi,
  take: (meter: OpenTelemetryMeter) => boolean,
): () => void {
  if (!("getMeter" in source)) {
    if (!take(source)) warn("FAILFAST_NO_METER", NEVER_RECORDS);
    return () => undefined;
  }
  let cancel = (): void => undefined;
  let pauseMs = FIRST_PAUSE_MS;
  const look = (): void => {
    if (take(source.getMeter("failfast"))) return;
    cancel = systemClock.after(pauseMs, look);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  };
  look();
  return () => cancel();
}
