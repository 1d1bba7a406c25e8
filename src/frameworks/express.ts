import { type FailfastError, rejectionIn } from "../errors/failfast-error.js";
import type { Duration } from "../index.js";
import { checkObject } from "../options/check-options.js";
import { answer, attempt, guardNode, type NodeResponse, type Passage } from "./node.js";
import { type RouteOptions, routeOf } from "./route.js";

/** The options of a guard for routes of Express. */
export interface ExpressGuardOptions extends Omit<RouteOptions, "callTimeout"> {
  /** Answers a rejected request, for example by `next(error)`. Default: 503, `Retry-After` and a problem document. */
  // biome-ignore lint/suspicious/noExplicitAny: the request and response of every version of Express
  rejected?(error: FailfastError, request: any, response: any, next: (error?: unknown) => void): unknown;
}

/**
 * Middleware for Express, and for anything else that takes Node's `(request, response, next)`: a circuit around
 * everything after it.
 *
 * ```ts
 * app.get("/invoices/:id", guard("invoices", "30s"), async (request, response) => { … });
 * ```
 *
 * An answer of 500 and more, and one that breaks off, is a failure. Neither: a client that goes away, and an answer of
 * 503 with `Retry-After`, such as another circuit's rejection. `slowCall` is measured to the end of the answer. While
 * the circuit is open, the request is answered with 503, `Retry-After` and a problem document.
 *
 * @throws {TypeError} a wrong name or option; `callTimeout`, since Express can't stop a handler. `slowCall` counts the
 * late ones.
 */
export function guard(
  name: string,
  timeout?: Duration,
  options: ExpressGuardOptions = {},
): (request: unknown, response: NodeResponse, next: (error?: unknown) => void) => void {
  checkObject(options);
  const { rejected, ...rest } = options;
  if ((rest as RouteOptions).callTimeout !== undefined)
    throw new TypeError(
      "a route of Express can't be stopped: leave callTimeout out; slowCall counts slow requests",
    );
  const route = routeOf(name, timeout, rest);
  return (request, response, next) => {
    const passage: Passage = {
      go: next,
      stop(error) {
        if (rejected === undefined) answer(response, error);
        else attempt(() => rejected(error as FailfastError, request, response, next), next);
      },
      fail: next,
    };
    passages.set(response, [...(passages.get(response) ?? []), passage]);
    guardNode(route, response, passage);
  };
}

/** For middleware that receives errors: all guards that a request passed, one within another. */
const passages = new WeakMap<object, readonly Passage[]>();

/**
 * Error middleware for Express. Put it after the routes and before the app's own error middleware. It answers what a
 * circuit rejected inside a handler with 503, `Retry-After` and a problem document, and tells a {@link guard} what its
 * route threw. It passes on all other errors.
 *
 * ```ts
 * app.use(failfastErrors());
 * ```
 */
export function failfastErrors(): (
  error: unknown,
  request: unknown,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => void {
  // Express recognises error middleware by its four parameters.
  return (error, _, response, next) => {
    for (const passage of passages.get(response) ?? []) passage.threw?.(error);
    const rejection = rejectionIn(error);
    if (rejection === undefined || response.headersSent) next(error);
    else answer(response, rejection);
  };
}
