import type { Failfast, Subscription } from "../index.js";
import { checkKnown, checkMethods } from "../options/check-options.js";
import { CALL_BUCKETS, Histograms, STORE_BUCKETS } from "./durations.js";
import { exposition, type Family, type Sample } from "./exposition.js";
import { type MetricsOptions, type Series, Tally } from "./tally.js";
import { STATES } from "./transitions.js";

export type { MetricsOptions } from "./tally.js";
export { type StoreOperation, type TimedStore, timedStore } from "./timed-store.js";

/** The options of `prometheusMetrics`. */
export interface PrometheusOptions extends MetricsOptions {
  /**
   * The upper bounds of the histogram of call durations, in seconds; `false` leaves it out.
   * Default: 0.005 to 10, as Prometheus's own clients have them.
   */
  readonly buckets?: readonly number[] | false;
}

/** A registry of prom-client. */
export interface PrometheusRegistry {
  registerMetric(metric: never): unknown;
  /** `dispose()` removes the metrics by it. */
  removeSingleMetric?(name: string): unknown;
}

/** The metrics of a `failfast`, for a registry of prom-client or as text. */
export interface PrometheusMetrics extends Subscription {
  /** The `Content-Type` for `text()`. */
  readonly contentType: string;
  /** All metrics in Prometheus's text format, for a `/metrics` of your own. */
  text(): string;
  /**
   * Adds the metrics to a registry of prom-client. `dispose()` removes them from it.
   *
   * @throws the registry's error, if it already has a metric with one of these names: then it has none of them from here.
   */
  register(registry: PrometheusRegistry): void;
}

/**
 * Metrics of all the circuits of a `failfast`, from now on: `failfast_circuit_calls_total`,
 * `failfast_circuit_call_duration_seconds`, `failfast_circuit_state`, `failfast_circuit_calls_in_flight`,
 * `failfast_circuit_oldest_call_seconds`, `failfast_circuit_transitions_total`, `failfast_store_degraded`, and of a `timedStore` `failfast_store_operation_duration_seconds`. The state is the fleet's, and so the same in every process: aggregate it with `max`.
 *
 * @example
 * const metrics = prometheusMetrics(failfast);
 * app.get("/metrics", (_, response) => response.type(metrics.contentType).send(metrics.text()));
 *
 * prometheusMetrics(failfast).register(client.register); // prom-client
 *
 * @throws {TypeError} no failfast, or an unknown option.
 * @throws {RangeError} buckets that don't ascend, or an invalid limit.
 */
export function prometheusMetrics(
  failfast: Pick<Failfast, "on" | "circuits">,
  options: PrometheusOptions = {},
): PrometheusMetrics {
  checkMethods(failfast, ["on", "circuits"], "prometheusMetrics takes a failfast");
  checkKnown(options, ["label", "maxLabels", "store", "buckets"]);
  const tally = new Tally(failfast, options);
  const families = familiesOf(tally);
  if (options.buckets !== false) families.push(callDurations(tally, options.buckets));
  const operations = options.store && new Histograms(STORE_BUCKETS);
  if (operations) families.push(storeDurations(operations));
  const endOfStore = options.store?.onOperation(({ store, operation, seconds, error }) =>
    operations?.observe(`${store} ${operation} ${error}`, () => ({ store, operation, error }), seconds),
  );
  const registries = new Set<PrometheusRegistry>();
  const dispose = (): void => {
    tally.end();
    endOfStore?.();
    for (const registry of registries) for (const { name } of families) registry.removeSingleMetric?.(name);
    registries.clear();
  };
  return {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    text: () => exposition(families),
    register(registry) {
      const added: string[] = [];
      try {
        for (const family of families) {
          registry.registerMetric(registered(family) as never);
          added.push(family.name);
        }
      } catch (error) {
        for (const name of added) registry.removeSingleMetric?.(name);
        throw error;
      }
      registries.add(registry);
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

function familiesOf(tally: Tally): Family[] {
  return [
    {
      name: "failfast_circuit_calls_total",
      help: "Calls through circuits, by outcome; rejected calls were not made.",
      type: "counter",
      aggregator: "sum",
      *samples() {
        for (const series of tally.all())
          for (const [outcome, value] of Object.entries(series.calls))
            yield { labels: { ...named(series), outcome }, value };
      },
    },
    {
      name: "failfast_circuit_state",
      help: "1 for the state a circuit is in, 0 for the others. The same in the whole fleet: aggregate with max.",
      type: "gauge",
      aggregator: "max",
      *samples() {
        for (const [series, found] of tally.states())
          for (const state of STATES)
            yield { labels: { ...named(series), state }, value: found.has(state) ? 1 : 0 };
      },
    },
    {
      name: "failfast_circuit_calls_in_flight",
      help: "Calls of this process that have not ended, streams until their first item.",
      type: "gauge",
      aggregator: "sum",
      *samples() {
        for (const [series, { calls }] of tally.inFlight()) yield { labels: named(series), value: calls };
      },
    },
    {
      name: "failfast_circuit_oldest_call_seconds",
      help: "For how long the oldest call in flight has been under way; 0 where there is none.",
      type: "gauge",
      aggregator: "max",
      *samples() {
        for (const [series, { oldest }] of tally.inFlight()) yield { labels: named(series), value: oldest };
      },
    },
    {
      name: "failfast_circuit_transitions_total",
      help: "Changes of state that this process found out (local) or learned of from the fleet.",
      type: "counter",
      aggregator: "sum",
      *samples() {
        for (const series of tally.all())
          for (const { from, to, local, count } of series.transitions.values())
            yield { labels: { ...named(series), from, to, local: String(local) }, value: count };
      },
    },
    {
      name: "failfast_store_degraded",
      help: "1 while a store doesn't answer, or answers what no store may: calls go on with what this process knows.",
      type: "gauge",
      aggregator: "max",
      *samples(): Generator<Sample> {
        yield { labels: {}, value: tally.degraded ? 1 : 0 };
      },
    },
  ];
}

/** Alerts are about circuits that reject calls. The label of those in `mode: "shadow"` excludes them. */
const named = ({ label, shadow }: Series): Record<string, string> =>
  shadow ? { name: label, shadow: "true" } : { name: label };

function callDurations(tally: Tally, bounds: readonly number[] = CALL_BUCKETS): Family {
  const name = "failfast_circuit_call_duration_seconds";
  const durations = new Histograms(bounds);
  tally.timed = (series, seconds) => durations.observe(series, () => named(series), seconds);
  return {
    name,
    help: "How long calls took that were made and not given up, streams apart.",
    type: "histogram",
    aggregator: "sum",
    samples: () => durations.samples(name),
  };
}

function storeDurations(operations: Histograms): Family {
  const name = "failfast_store_operation_duration_seconds";
  return {
    name,
    help: "How long the store's operations took, none of which a call waits for.",
    type: "histogram",
    aggregator: "sum",
    samples: () => operations.samples(name),
  };
}

/** A metric in the form of prom-client's registries. They may change its name, for OpenMetrics. */
function registered({ name, help, type, aggregator, samples }: Family): object {
  const metric = {
    name,
    help,
    type,
    aggregator,
    labelNames: [],
    get: async () => ({ name: metric.name, help, type, aggregator, values: [...samples()] }),
    // A counter that Prometheus reads must never go back.
    reset: () => undefined,
  };
  return metric;
}
