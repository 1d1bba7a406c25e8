import type { Report } from "../call/report.js";
import { isFailfastError } from "../errors/failfast-error.js";
import type { Circuit, Duration, Failfast, FailfastOptions } from "../index.js";
import { failfast as shared } from "../index.js";
import { formatValue } from "../options/format-value.js";
import { lenient } from "../options/options.js";

/**
 * What the guards of all frameworks take besides a circuit's options. By default five failures in a row open the
 * circuit, unless the options or defaults give `threshold`, `failureRate` or `consecutive`.
 */
export interface RouteOptions
  extends Omit<FailfastOptions, "exceptions" | "fallback" | "results" | "returns"> {
  /** Whose circuit it is. Default: the shared `failfast`. */
  readonly failfast?: Failfast;
  /** Which statuses of an answer are failures of the route. Default: 500 and more. */
  failed?(status: number): boolean;
}

/** A route's circuit, and how its answers are judged. */
export interface Route {
  readonly circuit: Circuit;
  /** Reports the outcome of an answered request, with its error where one is known. */
  answered(report: Report, status: number, retryAfter: unknown, error?: unknown): void;
}

/** @throws {TypeError} a wrong name or option. */
export function routeOf(name: string, timeout: Duration | undefined, options: RouteOptions): Route {
  if (typeof name !== "string")
    throw new TypeError(`the circuit's name is ${formatValue(name)}: it takes a string`);
  const { failfast = shared } = options;
  const { judged, answered } = judging(options);
  return { circuit: (failfast as Named)(name, timeout, judged), answered };
}

type Named = (name: string, timeout: Duration | undefined, options: FailfastOptions) => Circuit;

/** The options of a route's circuit, and what tells it of an answer. */
export function judging(options: RouteOptions): {
  readonly judged: FailfastOptions;
  readonly answered: Route["answered"];
} {
  const { failfast: _, failed = (status) => status >= 500, ...circuit } = options;
  if (typeof failed !== "function")
    throw new TypeError(`failed is ${formatValue(failed)}: it takes a function of the status of an answer`);
  return {
    judged: lenient({
      ...circuit,
      exceptions: (error) => !isFailfastError(error),
      results: (answer: { failed: boolean }) => answer.failed,
      // One given for all circuits is none for a route.
      fallback: (error) => {
        throw error;
      },
    }),
    answered(report, status, retryAfter, error) {
      // Another circuit's rejection, or a load that is shed: an answer that says it is none of the route's doing.
      const shed = status === 503 && retryAfter !== undefined && retryAfter !== null;
      if (shed || isFailfastError(error)) report.left();
      else if (error !== undefined && failed(status)) report.threw(error);
      else report.returned({ failed: failed(status) });
    },
  };
}
