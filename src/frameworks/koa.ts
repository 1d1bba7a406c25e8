import type { FailfastError } from "../errors/failfast-error.js";
import { TimeoutError } from "../errors/timeout-error.js";
import type { Duration } from "../index.js";
import { checkObject } from "../options/check-options.js";
import { answerTo } from "./answer.js";
import { guardNode, type NodeResponse, type Passage } from "./node.js";
import { type RouteOptions, routeOf } from "./route.js";

/** The options of a guard for routes of Koa. */
export interface KoaGuardOptions extends RouteOptions {
  /**
   * Answers a rejected request, for example by throwing the error. Default: 503, `Retry-After` and a problem document.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the context of every version of Koa
  rejected?(error: FailfastError, context: any): unknown;
}

/** The part of a Koa context that is used. */
export interface KoaContext {
  readonly res: NodeResponse;
  status: number;
  body: unknown;
  set(headers: Readonly<Record<string, string>>): void;
}

/**
 * Middleware for Koa: a circuit around everything after it.
 *
 * ```ts
 * router.get("/invoices/:id", guard("invoices", "30s", { callTimeout: "5s" }), async (context) => { … });
 * ```
 *
 * An answer of 500 and more, and one that breaks off, is a failure, and so is a thrown error that is answered with 500
 * and more. Neither: a client that goes away, and an answer of 503 with `Retry-After`, such as another circuit's
 * rejection. While the circuit is open, and when `callTimeout` is over, the request is answered with 503 and a problem
 * document.
 *
 * @throws {TypeError} a wrong name or option.
 */
export function guard(
  name: string,
  timeout?: Duration,
  options: KoaGuardOptions = {},
): (context: KoaContext, next: () => Promise<unknown>) => Promise<void> {
  checkObject(options);
  const { rejected, ...rest } = options;
  const route = routeOf(name, timeout, rest);
  return (context, next) =>
    new Promise((resolve, reject) => {
      const passage: Passage = {
        go() {
          next().then(
            () => resolve(),
            (error: unknown) => {
              passage.threw?.(error);
              reject(error);
            },
          );
        },
        stop(error) {
          if (rejected === undefined || error instanceof TimeoutError) resolve(reply(context, error));
          else new Promise((answered) => answered(rejected(error, context))).then(() => resolve(), reject);
        },
        fail: reject,
      };
      guardNode(route, context.res, passage);
    });
}

function reply(context: KoaContext, error: FailfastError | TimeoutError): void {
  const { status, headers, body } = answerTo(error);
  context.status = status;
  context.set(headers);
  context.body = body;
}
