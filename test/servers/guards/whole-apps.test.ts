import { once } from "node:events";
import express from "express";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { guard as expressGuard, failfastErrors } from "../../../src/frameworks/express.js";
import { guard as honoGuard } from "../../../src/frameworks/hono.js";
import { createFailfast, type Failfast } from "../../../src/index.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";

let clock: ManualClock;
let failfast: Failfast;
const ends: (() => unknown)[] = [];

beforeEach(() => {
  clock = manualClock();
  failfast = createFailfast({ clock, threshold: 1 });
});
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

const state = (name = "app"): string => failfast(name).state;
const PREFLIGHT = {
  method: "OPTIONS",
  headers: { Origin: "http://shop", "Access-Control-Request-Method": "POST" },
};

describe("Hono 4", () => {
  const broken = (...middleware: Parameters<Hono["use"]>[0][]): Hono => {
    const app = new Hono();
    for (const each of middleware) app.use(each as never);
    app.get("/", (context) => context.text("broken", 500));
    return app;
  };

  test("lets a preflight through, which neither closes the circuit nor takes its probe", async () => {
    const app = broken(honoGuard("app", 30, { failfast }) as never, cors() as never);
    expect((await app.request("/")).status).toBe(500);
    expect([(await app.request("/", PREFLIGHT)).status, state()]).toEqual([204, "open"]);
    await clock.advance(31_000);
    expect([(await app.request("/", PREFLIGHT)).status, state()]).toEqual([204, "half-open"]);
  });

  test("runs middleware before the guard on a rejection as on an answer", async () => {
    const app = broken(cors() as never, honoGuard("app", 30, { failfast }) as never);
    await app.request("/");
    const { status, headers } = await app.request("/", { headers: { Origin: "http://shop" } });
    expect([status, headers.get("Access-Control-Allow-Origin"), headers.get("Retry-After")]).toEqual([
      503,
      "*",
      "30",
    ]);
  });
});

test("Express 5: two nested guards both count an error of the route", async () => {
  const app = express();
  app.set("env", "test");
  app.use(expressGuard("app", 30, { failfast }));
  app.get("/", expressGuard("inner", 30, { failfast }), () => Promise.reject(new Error("broken")));
  app.use(failfastErrors());
  const server = app.listen(0, "127.0.0.1");
  ends.push(() => server.close());
  await once(server, "listening");
  await fetch(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
  for (const name of ["app", "inner"]) {
    const rejection = await failfast(name, 30)
      .run(() => 1)
      .catch((error: unknown) => error);
    expect(rejection).toMatchObject({ cause: { message: "broken" } });
  }
});
