import "reflect-metadata";
import { createServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { serve } from "@hono/node-server";
import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { Elysia } from "elysia";
import express from "express";
import fastify from "fastify";
import { H3, toNodeHandler } from "h3";
import { Hono } from "hono";
import Koa from "koa";
import { expect, test } from "vitest";
import { createFailfast } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";

const circuit = createFailfast({ clock: manualClock() })("sales_api", 60);
await circuit.trip();
/** What a handler of each framework calls: it is rejected by an open circuit. */
const invoices = circuit(async () => "never reached");

type Running = { readonly url: string; close(): unknown };
const on = (server: Server, close: () => unknown = () => server.close()): Running => ({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  close,
});
const listening = (server: Server): Promise<Server> =>
  new Promise((resolve) => {
    if (server.listening) resolve(server);
    else server.once("listening", () => resolve(server));
  });

class Sales {
  read(): Promise<string> {
    return invoices();
  }
}
// Nest's decorators, called as functions.
const descriptor = Object.getOwnPropertyDescriptor(Sales.prototype, "read") as PropertyDescriptor;
Get()(Sales.prototype, "read", descriptor);
Controller()(Sales);
class App {}
Module({ controllers: [Sales] })(App);

const frameworks: Record<string, () => Promise<Running>> = {
  async "Express 5"() {
    const app = express();
    app.get("/", async (_, response) => void response.send(await invoices()));
    return on(await listening(app.listen(0, "127.0.0.1")));
  },
  async "Fastify 5"() {
    const app = fastify();
    app.get("/", () => invoices());
    await app.listen({ port: 0, host: "127.0.0.1" });
    return on(app.server, () => app.close());
  },
  async "Koa 3"() {
    const app = new Koa();
    app.silent = true;
    app.use(async (context) => {
      context.body = await invoices();
    });
    return on(await listening(app.listen(0, "127.0.0.1")));
  },
  async "Hono 4"() {
    const app = new Hono();
    app.get("/", async (context) => context.text(await invoices()));
    return on(await listening(serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as Server));
  },
  async h3() {
    const app = new H3({ silent: true });
    app.get("/", () => invoices());
    return on(await listening(createServer(toNodeHandler(app)).listen(0, "127.0.0.1")));
  },
};

test.each(Object.entries(frameworks))(
  "%s answers 503 with Retry-After to a FailfastError that a handler throws, without further code",
  async (_, start) => {
    const { url, close } = await start();
    const response = await fetch(url);
    await response.text();
    expect([response.status, Number(response.headers.get("Retry-After"))]).toEqual([503, 60]);
    await close();
  },
);

const nests: Record<string, () => Promise<Running>> = {
  async "Nest on Express"() {
    const app = await NestFactory.create(App, new ExpressAdapter(), { logger: false });
    await app.listen(0, "127.0.0.1");
    return on(app.getHttpServer(), () => app.close());
  },
  async "Nest on Fastify"() {
    const app = await NestFactory.create(App, new FastifyAdapter(), { logger: false });
    await app.listen(0, "127.0.0.1");
    return on(app.getHttpServer(), () => app.close());
  },
};

test.each(Object.entries(nests))(
  "%s answers 503; Retry-After takes a filter of its own",
  async (_, start) => {
    const { url, close } = await start();
    const response = await fetch(url);
    expect(await response.json()).toMatchObject({
      statusCode: 503,
      message: expect.stringContaining("sales_api"),
    });
    expect([response.status, response.headers.get("Retry-After")]).toEqual([503, null]);
    await close();
  },
);

test("Elysia answers 503 with Retry-After", async () => {
  const response = await new Elysia().get("/", () => invoices()).handle(new Request("http://127.0.0.1/"));
  expect([response.status, Number(response.headers.get("Retry-After"))]).toEqual([503, 60]);
});

test("Apollo answers 503 with Retry-After, and says in `extensions` which circuit it was", async () => {
  const server = new ApolloServer({
    typeDefs: "type Query { invoices: String! }",
    resolvers: { Query: { invoices: () => invoices() } },
  });
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: "127.0.0.1" } });
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query: "{ invoices }" }),
  });
  const { errors } = (await response.json()) as { errors: { extensions: Record<string, unknown> }[] };
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("60");
  expect(errors[0]?.extensions).toMatchObject({
    code: "ERR_FAILFAST_OPEN",
    circuit: "sales_api",
    retryAfter: 60,
  });
  await server.stop();
});
