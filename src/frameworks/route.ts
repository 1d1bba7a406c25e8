import { ask } from "../call/predicate.js";
import type { Report } from "../call/reported-call.js";
import { isRejectionAlone } from "../errors/failfast-error.js";
import type { Circuit, Duration, Failfast, FailfastOptions } from "../index.js";
import { failfast as shared } from "../index.js";
import { formatValue } from "../options/format-value.js";
import { lenient } from "../options/options.js";

/**
 * The options that the guards of all frameworks take besides a circuit's own. By default five failures in a row open
 * the circuit, unless the options or defaults give `threshold`, `failureRate` or `consecutive`.
 */
export interface RouteOptions
  extends Omit<FailfastOptions, "exceptions" | "fallback" | "results" | "returns"> {
  /** The `failfast` that makes the circuit. Default: the shared one. */
  readonly failfast?: Failfast;
  /** Which statuses of an answer count as failures of the route. Default: 500 and more. */
  failed?(status: number): boolean;
}

/** A route's circuit, and how its answers are judged. */
export interface Route {
  readonly circuit: Circuit;
  /** Reports the outcome of an answered request, with its error if one is known. */
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

/** The options of a route's circuit, and a function that reports an answer to it. */
export function judging(options: RouteOptions): {
  readonly judged: FailfastOptions;
  readonly answered: Route["answered"];
} {
  const { failfast: _, failed = isServerError, ...circuit } = options;
  if (typeof failed !== "function")
    throw new TypeError(`failed is ${formatValue(failed)}: it takes a function of the status of an answer`);
  const isFailed = (status: number): boolean => ask("failed", failed, status, isServerError(status));
  return {
    judged: lenient({
      ...circuit,
      exceptions: (error) => !isRejectionAlone(error),
      results: (answer: { failed: boolean }) => answer.failed,
      // A fallback given for all circuits is not one for a route.
      fallback: (error) => {
        throw error;
      },
    }),
    answered(report, status, retryAfter, error) {
      // Another circuit's rejection, or load shedding: the answer itself says that the route is not at fault.
      const shed = status === 503 && retryAfter !== undefined && retryAfter !== null;
      if (shed || isRejectionAlone(error)) report.left();
      else if (error !== undefined && isFailed(status)) report.threw(error);
      else report.returned({ failed: isFailed(status) });
    },
  };
}

function isServerError(status: number): boolean {
  return status >= 500;
}
