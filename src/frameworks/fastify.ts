import type { FailfastError } from "../errors/failfast-error.js";
import { TimeoutError } from "../errors/timeout-error.js";
import type { Duration } from "../index.js";
import { failfast as shared } from "../index.js";
import { checkMethods, checkObject } from "../options/check-options.js";
import { answerTo } from "./answer.js";
import { attempt, guardNode, type NodeResponse, type Passage } from "./node.js";
import { judging, type Route, type RouteOptions, routeOf } from "./route.js";

/** The options of a guard for routes of Fastify. */
export interface FastifyGuardOptions extends RouteOptions {
  /**
   * Answers a rejected request, for example by `reply.send(error)`. Default: 503, `Retry-After` and a problem document.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the request and reply of every version of Fastify
  rejected?(error: FailfastError, request: any, reply: any): unknown;
}

/** The plugin's options. */
export interface FastifyFailfastOptions extends FastifyGuardOptions {
  /** How long a circuit stays open. Default: 30 s. */
  readonly timeout?: Duration;
}

/** The part of a Fastify request that is used. */
export interface FastifyRequest {
  readonly method: string;
  readonly routeOptions: { readonly url?: string | undefined; readonly config?: object };
}

/** The part of a Fastify reply that is used. */
export interface FastifyReply {
  readonly raw: NodeResponse;
  readonly sent: boolean;
  code(status: number): unknown;
  headers(headers: Readonly<Record<string, string>>): unknown;
  getHeader(name: string): unknown;
  send(payload?: unknown): unknown;
  hijack?(): unknown;
  log?: unknown;
}

/** The options of a Fastify route that guard it. Others may stand beside them. */
export interface FastifyGuard {
  onRequest(request: FastifyRequest, reply: FastifyReply, done: () => void): void;
}

/** The part of a Fastify app that is used. */
export interface FastifyApp {
  // biome-ignore lint/suspicious/noExplicitAny: the hooks of every version of Fastify, whatever their types
  addHook(name: any, hook: any): unknown;
}

/**
 * The options that put a circuit around a Fastify route.
 *
 * ```ts
 * app.get("/invoices/:id", guard("invoices", "30s", { callTimeout: "5s" }), async (request) => { … });
 * app.get("/orders/:id", { ...guard("orders", "30s"), schema }, async (request) => { … });
 * ```
 *
 * An answer of 500 and more, and one that breaks off, is a failure. Neither: a client that goes away, and an answer of
 * 503 with `Retry-After`, such as another circuit's rejection. While the circuit is open, and when `callTimeout` is
 * over, the request is answered with 503 and a problem document.
 *
 * @throws {TypeError} a wrong name or option.
 */
export function guard(name: string, timeout?: Duration, options: FastifyGuardOptions = {}): FastifyGuard {
  checkObject(options);
  const { rejected, ...rest } = options;
  const route = routeOf(name, timeout, rest);
  return { onRequest: (request, reply, done) => pass(route, rejected, request, reply, done) };
}

/**
 * A plugin for Fastify: a circuit around each of its routes, named by method and pattern (`GET /invoices/:id`). In a
 * route's `config`, `failfast: false` leaves it unguarded, and a string names its circuit: `failfast: "invoices"`.
 *
 * ```ts
 * await app.register(failfastPlugin, { timeout: "30s", threshold: 5 });
 * ```
 *
 * Register it before the routes. It counts and answers as {@link guard} does.
 *
 * @throws {TypeError} a wrong option.
 */
export function failfastPlugin(app: FastifyApp, options: FastifyFailfastOptions, done: () => void): void {
  checkMethods(
    app,
    ["addHook"],
    "failfastPlugin is for app.register(failfastPlugin, { … }), which gives it an app",
  );
  checkObject(options);
  const { rejected, timeout = "30s", ...rest } = options;
  const { judged, answered } = judging(rest);
  const circuits = (rest.failfast ?? shared)((name: string) => name, timeout, judged);
  app.addHook("onRequest", (request: FastifyRequest, reply: FastifyReply, next: () => void) => {
    const { url, config } = request.routeOptions;
    const { failfast } = (config ?? {}) as { failfast?: unknown };
    // Without a pattern it is not a route, but a 404.
    if (url === undefined || failfast === false) return next();
    const name = typeof failfast === "string" ? failfast : `${request.method} ${url}`;
    pass({ circuit: circuits.for(name), answered }, rejected, request, reply, next);
  });
  done();
}
// The same way as fastify-plugin: its hooks are for the routes beside it, not for its own.
Object.assign(failfastPlugin, {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "failfast",
  [Symbol.for("plugin-meta")]: { fastify: ">=4", name: "failfast" },
});

function pass(
  route: Route,
  rejected: FastifyGuardOptions["rejected"],
  request: FastifyRequest,
  reply: FastifyReply,
  go: () => void,
): void {
  const passage: Passage = {
    go,
    header: (name) => reply.getHeader(name),
    stop(error) {
      if (reply.sent) return;
      if (rejected !== undefined && !(error instanceof TimeoutError)) {
        attempt(
          () => rejected(error, request, reply),
          (thrown) => reply.send(thrown),
        );
        return;
      }
      const { status, headers, body } = answerTo(error);
      reply.code(status);
      reply.headers(headers);
      reply.send(body);
    },
    fail: (error) => reply.send(error),
  };
  // The one place that every error passes. The error hook is not called if the app has an error handler of its own.
  const { send } = reply;
  const isTakenOver = watchTakeover(reply, passage);
  reply.send = (payload) => {
    if (payload instanceof Error) passage.threw?.(payload, isTakenOver());
    else if (isStream(payload)) {
      payload.once("error", (error) => {
        passage.broke = error;
      });
    }
    return send.call(reply, payload);
  };
  guardNode(route, reply.raw, passage);
}

interface Log {
  error(first: unknown, ...rest: readonly unknown[]): unknown;
}

/**
 * After `reply.hijack()` Fastify answers no error any more. It only writes to the reply's log what an async route threw.
 * Returns whether that was called.
 */
function watchTakeover(reply: FastifyReply, passage: Passage): () => boolean {
  const { hijack } = reply;
  let over = false;
  if (hijack !== undefined)
    reply.hijack = () => {
      over = true;
      const log = reply.log as Log;
      const error: Log["error"] = (first, ...rest) => {
        if (String(rest[0]).startsWith("Promise errored"))
          passage.threw?.((first as { readonly err?: unknown }).err, true);
        return log.error(first, ...rest);
      };
      reply.log = Object.create(log, { error: { value: error } });
      return hijack.call(reply);
    };
  return () => over;
}

interface Emitter {
  once(event: "error", listener: (error: unknown) => void): unknown;
}

function isStream(payload: unknown): payload is Emitter {
  const { pipe, once } = (payload ?? {}) as { pipe?: unknown; once?: unknown };
  return typeof pipe === "function" && typeof once === "function";
}
