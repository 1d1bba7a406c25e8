import type { AddressInfo, Server } from "node:net";
import { Readable } from "node:stream";
import { serve } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { guard as expressGuard, failfastErrors } from "../../../src/frameworks/express.js";
import { guard as fastifyGuard } from "../../../src/frameworks/fastify.js";
import { guard as honoGuard } from "../../../src/frameworks/hono.js";
import { guard as koaGuard } from "../../../src/frameworks/koa.js";
import type { RouteOptions } from "../../../src/frameworks/route.js";

/** What the route of an app does with the next request. */
export interface Behaviour {
  /** The status that it answers with, or the error that it throws. */
  status?: number;
  headers?: Record<string, string>;
  throws?: unknown;
  /** It answers once this is settled. */
  until?: Promise<unknown>;
  /** It answers with a stream. */
  stream?: Readable;
}

export interface App {
  readonly url: string;
  /** How many requests have reached the route. */
  requests: number;
  does: Behaviour;
  close(): unknown;
}

export type Options = RouteOptions & { rejected?: "thrown" };

const listening = (server: Server): Promise<Server> =>
  new Promise((resolve) => {
    if (server.listening) resolve(server);
    else server.once("listening", () => resolve(server));
  });
const running = (server: Server, close: () => unknown): App => ({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  requests: 0,
  does: {},
  close,
});
async function act(app: App): Promise<Behaviour> {
  app.requests++;
  const { does } = app;
  await does.until;
  if ("throws" in does) throw does.throws;
  return does;
}

/** The same app with a guard, on each of the frameworks. */
export const apps: Record<string, (options: Options) => Promise<App>> = {
  async "Express 5"({ rejected, ...options }) {
    const app = express();
    const thrown = rejected && {
      rejected: (error: unknown, _: unknown, __: unknown, next: (e: unknown) => void) => next(error),
    };
    app.get("/", expressGuard("route", "30s", { ...options, ...thrown }), async (_, response) => {
      const { status = 200, headers = {}, stream } = await act(its);
      response.status(status).set(headers);
      if (stream) stream.on("error", (error) => response.destroy(error)).pipe(response);
      else response.send("answered");
    });
    if (!rejected) app.use(failfastErrors());
    app.use((error: { status?: number }, _: unknown, response: express.Response, __: unknown) => {
      response.status(error.status ?? 500).send("handled by the app");
    });
    const server = await listening(app.listen(0, "127.0.0.1"));
    const its = running(server, () => server.close());
    return its;
  },
  async "Fastify 5"({ rejected, ...options }) {
    const app = fastify();
    const thrown = rejected && {
      rejected: (error: unknown, _: unknown, reply: { send(e: unknown): void }) => reply.send(error),
    };
    app.setErrorHandler((error: { statusCode?: number }, _, reply) =>
      reply.code(error.statusCode ?? 500).send("handled by the app"),
    );
    app.get("/", fastifyGuard("route", "30s", { ...options, ...thrown }), async (_, reply) => {
      const { status = 200, headers = {}, stream } = await act(its);
      reply.code(status).headers(headers);
      return stream ?? "answered";
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    const its = running(app.server, () => app.close());
    return its;
  },
  async "Koa 3"({ rejected, ...options }) {
    const app = new Koa();
    app.silent = true;
    const rethrow = (error: unknown): never => {
      throw error;
    };
    app.use(async (context, next) => {
      try {
        await next();
      } catch (error) {
        if (!rejected) throw error;
        context.status = 503;
        context.body = "handled by the app";
      }
    });
    app.use(koaGuard("route", "30s", { ...options, ...(rejected && { rejected: rethrow }) }));
    app.use(async (context) => {
      const { status = 200, headers = {}, stream } = await act(its);
      context.set(headers);
      context.status = status;
      context.body = stream ?? "answered";
    });
    const server = await listening(app.listen(0, "127.0.0.1"));
    const its = running(server, () => server.close());
    return its;
  },
  async "Hono 4"({ rejected, ...options }) {
    const app = new Hono();
    const rethrow = (error: unknown): never => {
      throw error;
    };
    if (rejected) app.onError((_, context) => context.text("handled by the app", 503));
    else
      app.onError((error, context) =>
        context.text("failed", ((error as { status?: number }).status ?? 500) as 500),
      );
    app.get(
      "/",
      honoGuard("route", "30s", { ...options, ...(rejected && { rejected: rethrow }) }),
      async (context) => {
        const { status = 200, headers = {}, stream } = await act(its);
        return stream
          ? context.body(Readable.toWeb(stream) as unknown as ReadableStream)
          : context.text("answered", status as 200, headers);
      },
    );
    const server = await listening(serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as Server);
    const its = running(server, () => server.close());
    return its;
  },
};
