import { type AbortSignalLike, reported } from "../call/reported-call.js";
import { type FailfastError, rejectionIn } from "../errors/failfast-error.js";
import type { WebResponse } from "../errors/http-answer.js";
import type { TimeoutError } from "../errors/timeout-error.js";
import type { Duration } from "../index.js";
import { checkObject } from "../options/check-options.js";
import { answerTo } from "./answer.js";
import { type RouteOptions, routeOf } from "./route.js";

/** The options of a guard for routes of Hono. */
export interface HonoGuardOptions extends RouteOptions {
  /**
   * Answers a rejected request, for example by throwing the error. Default: 503, `Retry-After` and a problem document.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the context of every version of Hono
  rejected?(error: FailfastError, context: any): WebResponse | Promise<WebResponse>;
}

/** The part of a Hono context that is used. */
export interface HonoContext {
  readonly req: {
    readonly raw: {
      readonly method?: string;
      readonly headers?: { get(name: string): string | null };
      readonly signal?: AbortSignalLike;
    };
  };
  readonly res: { readonly status: number; readonly headers: { get(name: string): string | null } };
  readonly error?: unknown;
}

/**
 * Middleware for Hono: a circuit around everything after it.
 *
 * ```ts
 * app.get("/invoices/:id", guard("invoices", "30s", { callTimeout: "5s" }), async (context) => { … });
 * ```
 *
 * An answer of 500 and more is a failure, and so is a thrown error that is answered like that. Neither: a client that
 * goes away, and an answer of 503 with `Retry-After`, such as another circuit's rejection. An answer counts when the
 * handler returns it, without waiting for its body. While the circuit is open, and when `callTimeout` is over, the
 * request is answered with 503 and a problem document.
 *
 * @throws {TypeError} a wrong name or option.
 */
export function guard(
  name: string,
  timeout?: Duration,
  options: HonoGuardOptions = {},
): (context: HonoContext, next: () => Promise<void>) => Promise<WebResponse | undefined> {
  checkObject(options);
  const { rejected, ...rest } = options;
  const route = routeOf(name, timeout, rest);
  return (context, next) => {
    if (isPreflight(context)) return next().then(() => undefined);
    return new Promise((resolve, reject) => {
      reported(route.circuit, {
        start(report) {
          // It belongs to the request, and ends with it.
          context.req.raw.signal?.addEventListener?.("abort", () => report.left());
          next().then(
            () => {
              const { res, error } = context;
              route.answered(report, res.status, res.headers.get("Retry-After"), error);
              resolve(undefined);
            },
            (error: unknown) => {
              report.threw(error);
              reject(error);
            },
          );
        },
        rejected(error) {
          const rejection = rejectionIn(error);
          if (rejection === undefined) reject(error);
          else
            new Promise<WebResponse>((resolveAnswer) =>
              resolveAnswer(rejected === undefined ? rejection.toResponse() : rejected(rejection, context)),
            ).then(resolve, reject);
        },
        late: (error) => resolve(responseTo(error as TimeoutError)),
      });
    });
  };
}

/** A browser's question before the request itself (CORS), which says nothing of the route. */
function isPreflight({ req: { raw } }: HonoContext): boolean {
  return raw.method === "OPTIONS" && (raw.headers?.get("Access-Control-Request-Method") ?? null) !== null;
}

function responseTo(error: TimeoutError): WebResponse {
  const { Response } = globalThis as unknown as { Response: new (body: string, init: object) => WebResponse };
  const { body, ...init } = answerTo(error);
  return new Response(body, init);
}
