import { once } from "node:events";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import Koa from "koa";
import { guard as expressGuard } from "../../../src/frameworks/express.js";
import { guard as fastifyGuard } from "../../../src/frameworks/fastify.js";
import { guard as koaGuard } from "../../../src/frameworks/koa.js";
import type { RouteOptions } from "../../../src/frameworks/route.js";

type Step = (response: ServerResponse) => unknown;
/** Guarded by a circuit named "app". `before` runs before the guard, `act` behind it. */
export interface RawApp {
  readonly options: RouteOptions;
  readonly act: Step;
  readonly before?: Step;
  readonly http2?: boolean;
}
export interface Started {
  readonly url: string;
  readonly server: Server;
}

/** Apps whose routes write into Node's own response. */
export const rawApps: Record<string, (app: RawApp) => Promise<Started>> = {
  "Express 5"({ options, act, before = () => undefined }) {
    const app = express();
    app.use(async (_request, response, next) => {
      await before(response);
      next();
    });
    app.use(expressGuard("app", 30, options));
    app.use(async (_, response) => void (await act(response)));
    // Without it Express logs errors.
    app.set("env", "test");
    return listen(createServer(app));
  },
  async "Fastify 5"({ options, act, before = () => undefined, http2 = false }) {
    const app = fastify(http2 ? { http2: true as never } : {});
    app.addHook("onRequest", async (_, reply) => void (await before(reply.raw)));
    app.all("/", fastifyGuard("app", 30, options), async (_, reply) => {
      await act(reply.raw);
      reply.hijack();
    });
    await app.ready();
    return listen(app.server);
  },
  "Koa 3"({ options, act, before = () => undefined, http2 = false }) {
    const app = new Koa();
    app.silent = true;
    app.use(async (context, next) => {
      await before(context.res);
      await next();
    });
    app.use(koaGuard("app", 30, options));
    app.use(async (context) => {
      context.respond = false;
      context.res.statusCode = 200;
      await act(context.res);
    });
    const listener = app.callback();
    return listen(
      http2
        ? (createHttp2Server(listener as never) as unknown as Server)
        : createServer(listener as RequestListener),
    );
  },
};

async function listen(server: Server): Promise<Started> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}
